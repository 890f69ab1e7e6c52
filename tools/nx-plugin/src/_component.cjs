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
 * @param plan `kind`; `folder` of the package, in packages/; `room`: the folder in `src` for the new file; `registry`: the object in registry.ts; `description` by default;
 *   `names`: what else the package is going to export, of the names; `substitutions`, of the names; `edits`, of the names:
 *   for each file of the package its changes, functions of its text.
 * @throws Error if the name can't be used or is taken, or if a file isn't as it is expected to be; nothing is written then.
 */
async function generateComponent(tree, options, plan) {
  const { kind, folder, room = '', registry, names: exported, substitutions = () => ({}), edits } = plan;
  const names = namesOf(options.name, kind);
  const root = path.posix.join('packages', folder);
  checkFree(tree, root, { kind, room, registry, names, exported: exported(names) });
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
function checkFree(tree, root, { kind, room, registry, names: { id }, exported }) {
  const registryFile = `${root}/src/registry.ts`;
  if (edited(read(tree, registryFile), (text) => keysOf(text, registry), registryFile).includes(id))
    throw new Error(`There is ${article(kind)} ${kind} "${id}" already, in ${registryFile}.`);
  const sources = sourcesIn(tree, `${root}/src`);
  const sameName = [...sources, `${root}/test/${id}.test.ts`].find(
    (file) => tree.exists(file) && [`${id}.ts`, `${id}.test.ts`].includes(path.posix.basename(file)),
  );
  if (sameName) throw new Error(`"${id}" can't be the name of ${article(kind)} ${kind}: ${sameName} exists.`);
  for (const file of sources) {
    const taken = exportsOf(read(tree, file)).find((name) => exported.includes(name));
    if (taken)
      throw new Error(
        `"${id}" can't be the name of ${article(kind)} ${kind}: ${file} has ${article(taken)} ${taken} already.`,
      );
  }
  const template = readFileSync(path.join(__dirname, kind, 'files/src', room, '__id__.ts.template'), 'utf8');
  const imported = importsOf(template).find((name) => exported.includes(name));
  if (imported)
    throw new Error(
      `"${id}" can't be the name of ${article(kind)} ${kind}: ${imported} is imported where it would be made.`,
    );
}

/** The TypeScript files of a folder and its subfolders, those of the folder itself first. */
function sourcesIn(tree, folder) {
  const children = tree.children(folder).map((name) => path.posix.join(folder, name));
  const [files, folders] = [true, false].map((wanted) =>
    children.filter((file) => tree.isFile(file) === wanted),
  );
  return [
    ...files.filter((file) => file.endsWith('.ts')),
    ...folders.flatMap((subfolder) => sourcesIn(tree, subfolder)),
  ];
}

module.exports = { generateComponent };
