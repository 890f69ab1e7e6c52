const { readFileSync } = require('node:fs');
const path = require('node:path');
const { formatFiles, generateFiles } = require('@nx/devkit');
const { exportsOf, importsOf, keysOf } = require('./_edits.cjs');
const { article, descriptionOf, namesOf } = require('./_names.cjs');

/**
 * Writes a component's files, registers it and formats what it changed.
 *
 * @param tree nx's view of the workspace; nothing is written with `--dry-run`.
 * @param options as they were typed.
 * @param plan `kind`; `folder` of the package, in packages/; `registry`: the object in registry.ts; `description` by default;
 *   `names`: what else the package is going to export, of the names; `substitutions`, of the names; `edits`, of the names:
 *   for each file of the package its changes, functions of its text.
 * @throws Error if the name can't be used or is taken, or if a file isn't as it is expected to be; nothing is written then.
 */
async function generateComponent(tree, options, plan) {
  const { kind, folder, registry, names: exported, substitutions = () => ({}), edits } = plan;
  const names = namesOf(options.name, kind);
  const root = path.posix.join('packages', folder);
  checkFree(tree, root, { kind, registry, names, exported: exported(names) });
  const label = options.label ?? names.label;
  const shared = {
    ...names,
    label: JSON.stringify(label),
    source: JSON.stringify(options.source ?? 'this repository'),
    description: descriptionOf(options.description, plan.description),
  };
  const changed = Object.entries(edits(shared)).map(([file, changes]) => {
    const place = path.posix.join(root, file);
    return [place, changes.reduce((text, change) => edited(text, change, place), read(tree, place))];
  });
  generateFiles(tree, path.join(__dirname, kind, 'files'), root, { ...shared, ...substitutions(shared) });
  for (const [file, text] of changed) tree.write(file, text);
  await formatFiles(tree);
}

function read(tree, file) {
  const text = tree.read(file, 'utf8');
  if (text === null) throw new Error(`There is no ${file}: is this the repository of the weight maps?`);
  return text;
}

function edited(text, change, file) {
  try {
    return change(text);
  } catch (error) {
    throw new Error(`${file} isn't as it is expected to be: ${error.message}.`, { cause: error });
  }
}

/** @throws Error if the id, the file or a name in code exists already. */
function checkFree(tree, root, { kind, registry, names: { id }, exported }) {
  const registryFile = `${root}/src/registry.ts`;
  if (edited(read(tree, registryFile), (text) => keysOf(text, registry), registryFile).includes(id))
    throw new Error(`There is ${article(kind)} ${kind} "${id}" already, in ${registryFile}.`);
  for (const file of [`${root}/src/${id}.ts`, `${root}/test/${id}.test.ts`])
    if (tree.exists(file))
      throw new Error(`"${id}" can't be the name of ${article(kind)} ${kind}: ${file} exists.`);
  for (const file of tree.children(`${root}/src`).filter((name) => name.endsWith('.ts'))) {
    const taken = exportsOf(read(tree, `${root}/src/${file}`)).find((name) => exported.includes(name));
    if (taken)
      throw new Error(
        `"${id}" can't be the name of ${article(kind)} ${kind}: ${root}/src/${file} has ${article(taken)} ${taken} already.`,
      );
  }
  const template = readFileSync(path.join(__dirname, kind, 'files/src/__id__.ts.template'), 'utf8');
  const imported = importsOf(template).find((name) => exported.includes(name));
  if (imported)
    throw new Error(
      `"${id}" can't be the name of ${article(kind)} ${kind}: ${imported} is imported where it would be made.`,
    );
}

module.exports = { generateComponent };
