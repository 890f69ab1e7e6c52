import type { Tree } from '@nx/devkit';
import { format, resolveConfig } from 'prettier';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { root } from './_copy.js';
import { folderOf, generatorOf, kinds, sourceFolderOf, textOf, treeOf, type Kind } from './_generators.js';

/** Lines that one text has and the other hasn't; in the middle of a file, where generators add theirs. */
function addedLines(before: string, after: string): string[] {
  const rest = before.split('\n');
  const added = after.split('\n').filter((line) => {
    if (line !== rest[0]) return true;
    rest.shift();
    return false;
  });
  expect(rest, 'lines that are gone').toEqual([]);
  return added;
}

const changesOf = (tree: Tree): string[] =>
  tree
    .listChanges()
    .filter(({ path: file }) => file.includes('my-'))
    .map(({ path: file }) => file);

async function generated(kind: Kind, options: Record<string, unknown> = {}) {
  const tree = treeOf(kind);
  const before = (file: string) => textOf(treeOf(kind), file);
  await generatorOf(kind)(tree, { name: 'my-own', ...options });
  return { tree, added: (file: string) => addedLines(before(file), textOf(tree, file)) };
}

const failureOf = async (
  kind: Kind,
  options: Record<string, unknown>,
  tree = treeOf(kind, { whole: true }),
) => {
  const before = tree.listChanges().map(({ path: file, content }) => `${file}\n${String(content)}`);
  const message = await generatorOf(kind)(tree, options).then(
    () => 'it did not fail',
    (error: Error) => error.message,
  );
  const after = tree.listChanges().map(({ path: file, content }) => `${file}\n${String(content)}`);
  expect(after, 'nothing is written').toEqual(before);
  return message;
};

describe.each(kinds)('the generator of a kind: %s', (kind) => {
  const folder = folderOf[kind];
  const sources = sourceFolderOf[kind];

  it('writes a source and a test, whole and formatted as everything here', async () => {
    const { tree } = await generated(kind);
    const files = changesOf(tree);
    expect(files.sort()).toEqual([`${sources}/my-own.ts`, `${folder}/test/my-own.test.ts`]);
    const config = await resolveConfig(path.join(root, 'package.json'));
    const changed = ['src/registry.ts', 'src/index.ts'].map((file) => `${folder}/${file}`);
    for (const file of [...files, ...changed]) {
      const text = textOf(tree, file);
      expect(await format(text, { ...config, parser: 'typescript' }), file).toBe(text);
      expect(text).not.toContain('<%');
      const { diagnostics } = ts.transpileModule(text, { reportDiagnostics: true });
      expect(diagnostics?.map(({ messageText }) => messageText)).toEqual([]);
    }
    expect(textOf(tree, `${sources}/my-own.ts`)).toMatch(/\/\*\*[^]*@throws|throws a WeightmapError/);
  });

  it('takes the description, the label and the source', async () => {
    const { tree, added } = await generated(kind, {
      description: 'Something of its own.',
      label: "Somebody's own",
      source: 'Somebody, 2026',
    });
    const text = textOf(tree, `${sources}/my-own.ts`);
    expect(text).toContain('* Something of its own');
    const registered =
      kind === 'architecture'
        ? textOf(tree, `${folder}/src/variants.ts`)
        : added(`${folder}/src/registry.ts`).join('\n');
    expect(text + registered).toContain(`label: "Somebody's own"`.replace('label: ', ''));
    if (kind !== 'dataset') expect(text).toContain('Source: Somebody, 2026.');
  });

  it.each([
    ['MyOwn', /lower-case letters.*such as "my-own"/],
    ['my_own', /such as "my-own"/],
    ['2own', /such as "own"/],
    ['own-', /such as "own"/],
    ['../own', /such as "own"/],
    ['', /can't be the name of an? \w+: lower-case letters/],
    ['class', /class is a word of JavaScript/],
    ['to-string', /toString is a word of JavaScript/],
    ['await', /await is a word/],
    ['index', /src\/index\.ts exists/],
    ['registry', /src\/registry\.ts exists/],
  ])('refuses the name "%s", and writes nothing', async (name, message) => {
    expect(await failureOf(kind, { name })).toMatch(message);
  });

  it.each(['', 'two\nlines', 'an end */ of the comment', 'x'.repeat(101)])(
    'refuses a description that is no line: %j',
    async (description) => {
      expect(await failureOf(kind, { name: 'my-own', description }, treeOf(kind))).toMatch(
        /--description: one line/,
      );
    },
  );

  it('says where it looked, where the repository is another', async () => {
    const tree = treeOf(kind);
    tree.write(`${folder}/src/registry.ts`, 'export const nothing = 1;\n');
    expect(await failureOf(kind, { name: 'my-own' }, tree)).toMatch(
      /src\/registry\.ts isn't as it is expected to be: there is no object called/,
    );
    tree.delete(`${folder}/src/registry.ts`);
    expect(await failureOf(kind, { name: 'my-own' }, tree)).toMatch(
      /There is no packages\/\w+\/src\/registry/,
    );
  });
});

describe('what is registered', () => {
  it('an attack: an import, a row and an export, and nothing else changes', async () => {
    const { added } = await generated('attack', { norm: 'l2' });
    expect(added('packages/attacks/src/registry.ts')).toEqual([
      "import { myOwn } from './ascent/my-own.js';",
      "  'my-own': myOwn,",
    ]);
    expect(added('packages/attacks/src/index.ts')).toEqual(["export * from './ascent/my-own.js';"]);
  });

  it('a defence: an import, a row with what it does, and an export', async () => {
    const { added } = await generated('defense', { description: 'Trains on something' });
    expect(added('packages/defenses/src/registry.ts')).toEqual([
      "import { myOwn } from './my-own.js';",
      '  /** Trains on something. */',
      "  'my-own': myOwn,",
    ]);
    expect(added('packages/defenses/src/index.ts')).toEqual(["export * from './my-own.js';"]);
  });

  it('a name of one word is its own row', async () => {
    const { added } = await generated('attack', { name: 'own' });
    expect(added('packages/attacks/src/registry.ts')).toEqual([
      "import { own } from './ascent/own.js';",
      '  own,',
    ]);
  });

  it('a metric: with the figure that it measures', async () => {
    const { added } = await generated('metric');
    expect(added('packages/metrics/src/registry.ts').join('\n')).toContain(
      'measure: ({ classifier, test, batchSize }) => myOwn(classifier, test, { batchSize }),',
    );
    expect(added('packages/metrics/src/index.ts')).toEqual(["export * from './my-own.js';"]);
  });

  it('a dataset: with its row in the contract test', async () => {
    const { added } = await generated('dataset');
    expect(added('packages/datasets/src/registry.ts')).toEqual([
      "import { myOwn } from './my-own.js';",
      "  'my-own': myOwn,",
    ]);
    expect(added('packages/datasets/test/registry.test.ts')).toEqual([
      "  'my-own': async () => datasets['my-own'],",
    ]);
    expect(added('packages/datasets/src/index.ts')).toEqual([
      "export { myOwn, myOwnLoader, type MyOwnLoaderOptions } from './my-own.js';",
    ]);
  });

  it('an architecture: with its options, a variant that no table of the paper has, and its export', async () => {
    const { tree, added } = await generated('architecture');
    expect(added('packages/architectures/src/registry.ts')).toEqual([
      "import { buildMyOwn } from './my-own.js';",
      "  'my-own': { label: architectureLabels['my-own'], source: 'this repository', build: buildMyOwn },",
    ]);
    const variants = textOf(tree, 'packages/architectures/src/variants.ts');
    expect(variants).toContain("import type { MyOwnOptions } from './my-own.js';");
    expect(variants).toContain("  'my-own': MyOwnOptions;\n}");
    expect(variants).toContain("  'my-own': 'My own',\n}");
    expect(variants).toMatch(/const rows = \[[^\]]*\.\.\.myOwnVariants\]/);
    expect(variants).toMatch(/id: 'my-own-16',[^}]*label: 'My own, conv 16',[^}]*datasets: \[\]/);
  });

  it('several of a kind, one after the other', async () => {
    const tree = treeOf('attack');
    for (const name of ['my-second', 'my-first', 'last']) await generatorOf('attack')(tree, { name });
    const registry = textOf(tree, 'packages/attacks/src/registry.ts');
    expect(registry.indexOf("from './ascent/my-first.js'")).toBeLessThan(
      registry.indexOf("from './ascent/my-second.js'"),
    );
    expect(registry).toContain("  'my-second': mySecond,\n  'my-first': myFirst,\n  last,\n}");
    expect(await failureOf('attack', { name: 'my-first' }, tree)).toMatch(/an attack "my-first" already/);
  });
});

describe('what is taken', () => {
  it.each<[Kind, string, RegExp]>([
    ['attack', 'fgsm-l2', /There is an attack "fgsm-l2" already, in packages\/attacks\/src\/registry\.ts/],
    ['dataset', 'iwildcam-2class', /There is a dataset "iwildcam-2class" already/],
    ['architecture', 'cnn', /There is an architecture "cnn" already/],
    ['metric', 'test-error', /There is a metric "test-error" already/],
    // No row, but a name that another file has already.
    ['attack', 'judged', /src\/harness\/evaluate\.ts has a judged already/],
    ['attack', 'sign-of', /src\/harness\/_norms\.ts has a signOf already/],
    ['defense', 'pgd-training', /There is a defense "pgd-training" already/],
    ['defense', 'with-null', /src\/_abstaining\.ts has a withNull already/],
    ['metric', 'trainable-parameters', /src\/parameters\.ts has a trainableParameters already/],
    ['dataset', 'procedural-digits', /src\/digits\.ts has a proceduralDigits already/],
    ['architecture', 'variant', /src\/registry\.ts has a buildVariant already/],
    // A name that the generated file imports.
    ['metric', 'count-of', /countOf is imported/],
    ['dataset', 'random-stream', /randomStream is imported/],
  ])('%s %s', async (kind, name, message) => {
    expect(await failureOf(kind, { name })).toMatch(message);
  });

  it('a norm that there isn’t is refused', async () => {
    expect(await failureOf('attack', { name: 'my-own', norm: 'l3' })).toMatch(/no norm "l3".*linf, l2, l1/);
  });
});
