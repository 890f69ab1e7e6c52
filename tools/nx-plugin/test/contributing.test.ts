import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyRepository, root } from './_copy.js';
import { generatorOf, kinds, sourceFolderOf, treeOf, type Kind } from './_generators.js';

/**
 * CONTRIBUTING, followed to the letter in a copy of the repository: its marked blocks are what is run here, so that what it says
 * stays true. What the generators made is then compiled, linted and formatted as everything is.
 */
const blocks = [
  ...readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8').matchAll(
    /<!-- tested: generate -->\s+```sh\n([^]*?)```/g,
  ),
].map(([, block]) => block.trim().split('\n'));

const kindOf = ([command]: readonly string[]) => /nx-plugin:(\w+)/.exec(command)?.[1] ?? command;
const nameOf = ([command]: readonly string[]) => /nx-plugin:\w+ ([\w-]+)/.exec(command)?.[1] ?? command;
const sourceOf = (block: readonly string[]) => sourceFolderOf[kindOf(block) as Kind];
const folderOf = ([, command]: readonly string[]) => /--root (\S+)/.exec(command)?.[1] ?? command;

interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

let copy: string;
let remove: () => Promise<void>;
const outcomes = new Map<string, Promise<Outcome>>();

/** A line of a shell, in the copy; as in CI, without nx's daemon, and not as part of the run of nx that this test is. */
function run(line: string): Promise<Outcome> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(NX_|VITEST|NODE_ENV$|TEST$)/.test(name),
  );
  // As npx does, which takes half a second to find the program.
  const found = line.replace(/^npx (\w+)/, (_, name: string) => path.join(root, 'node_modules/.bin', name));
  const child = spawn('bash', ['-c', found], {
    cwd: copy,
    env: {
      ...Object.fromEntries(inherited),
      CI: 'true',
      NX_DAEMON: 'false',
      NX_ISOLATE_PLUGINS: 'false',
      NO_COLOR: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Runs a line once; whoever asks for it again waits for the same. */
function outcomeOf(line: string): Promise<Outcome> {
  const known = outcomes.get(line) ?? run(line);
  outcomes.set(line, known);
  return known;
}

/**
 * The first generator is run by nx, as it says. The others differ in their kind alone: they are run in this process, which saves
 * nx's start, with the options of their line.
 */
async function generate(line: string): Promise<Outcome> {
  if (line === blocks[0][0]) return outcomeOf(line);
  const [, kind, name, ...options] = /^npx nx g @weightmap\/nx-plugin:(\w+) ([\w-]+)((?: --\w+ \w+)*)$/.exec(
    line,
  )!;
  const tree = treeOf(kind as Kind);
  const given = [...options[0].matchAll(/--(\w+) (\w+)/g)].map(([, option, value]) => [option, value]);
  await generatorOf(kind as Kind)(tree, { name, ...(Object.fromEntries(given) as object) });
  const changed = tree.listChanges().filter(({ path: file, content }) => {
    const place = path.join(copy, file);
    return file.startsWith('packages/') && !(existsSync(place) && readFileSync(place).equals(content!));
  });
  const output = changed.map(({ path: file, content }) => {
    const isNew = !existsSync(path.join(copy, file));
    writeFileSync(path.join(copy, file), content!);
    return `${isNew ? 'CREATE' : 'UPDATE'} ${file}\n`;
  });
  const outcome = { code: 0, output: output.join('') };
  outcomes.set(line, Promise.resolve(outcome));
  return outcome;
}

/** The record of a cell as the command makes it, with the generated metric in the catalogue. */
const measured = 'npx vitest run --root apps/experiments measure-metrics --reporter verbose';
interface Checks {
  readonly checked: readonly string[];
  readonly compiled: readonly string[];
  readonly linted: readonly string[];
  readonly formatted: readonly string[];
}
/** What was generated, and where it was registered. */
const changedFiles = blocks
  .flatMap((block) => [
    ...[`${sourceOf(block)}/${nameOf(block)}.ts`, `${folderOf(block)}/test/${nameOf(block)}.test.ts`],
    ...['registry', 'index'].map((name) => `${folderOf(block)}/src/${name}.ts`),
  ])
  .concat('packages/architectures/src/variants.ts');
const checking = `node tools/nx-plugin/test/_checks.mjs tsconfig.generated.json ${changedFiles.join(' ')}`;

beforeAll(async () => {
  ({ copy, remove } = await copyRepository());
  // One compiler for all, on the sources, as `nx typecheck` sees them.
  writeFileSync(
    path.join(copy, 'tsconfig.generated.json'),
    JSON.stringify({
      extends: './tsconfig.base.json',
      compilerOptions: { composite: false, declaration: false, emitDeclarationOnly: false, noEmit: true },
      include: blocks.flatMap((block) =>
        [
          ...['src/*.d.ts', 'src/index.ts', 'test/registry.test.ts', 'test/_quick.ts'],
          `test/${nameOf(block)}.test.ts`,
        ].map((file) => `${folderOf(block)}/${file}`),
      ),
    }),
  );
  const tests: Promise<Outcome>[] = [];
  for (const [line, ...rest] of blocks) {
    // What was generated is tested meanwhile.
    await generate(line);
    tests.push(...rest.map(outcomeOf));
  }
  await Promise.all([...tests, ...[measured, checking].map(outcomeOf)]);
}, 1_800_000);
afterAll(() => remove());

it('CONTRIBUTING tells how to add each of the five', () => {
  expect(blocks.map(kindOf).sort()).toEqual([...kinds].sort());
  for (const block of blocks) expect(block).toHaveLength(2);
});

describe.each(blocks.map((block) => [kindOf(block), block] as const))(
  'adding an example of: %s',
  (_, block) => {
    it('writes it', async () => {
      const { code, output } = await outcomeOf(block[0]);
      expect(code, output).toBe(0);
      expect(output).toContain(`CREATE ${sourceOf(block)}/${nameOf(block)}.ts`);
    });

    it('passes its own test and the contract of the registry', async () => {
      const { code, output } = await outcomeOf(block[1]);
      expect(code, output).toBe(0);
      const results = JSON.parse(
        readFileSync(path.join(copy, folderOf(block), '.vitest/results.json'), 'utf8'),
      ) as { testResults: { name: string; assertionResults: { fullName: string; status: string }[] }[] };
      const passed = results.testResults.map(({ name, assertionResults }) => [
        path.basename(name),
        assertionResults.filter(({ status }) => status === 'passed').length,
      ]);
      const own = Object.fromEntries(passed) as Record<string, number>;
      expect(own[`${nameOf(block)}.test.ts`], output).toBeGreaterThanOrEqual(3);
      expect(own['contract.test.ts'] ?? own['registry.test.ts'], output).toBeGreaterThanOrEqual(1);
    });
  },
);

it('the command measures a new metric, and keeps it in the record', async () => {
  const { code, output } = await outcomeOf(measured);
  expect(code, output).toBe(0);
  const name = nameOf(blocks.find((block) => kindOf(block) === 'metric')!);
  expect(output).toMatch(
    // The files of a package are tested in groups; the name of the group comes first.
    new RegExp(`✓ .*test/measure-metrics.test.ts > the record of a cell > holds the result of '${name}'`),
  );
});

it.each(['compiled', 'linted', 'formatted'] as const)('what was generated is %s', async (kind) => {
  const { code, output } = await outcomeOf(checking);
  expect(code, output).toBe(0);
  const found = JSON.parse(output.slice(output.lastIndexOf('\n', output.length - 2) + 1)) as Checks;
  expect([...found.checked].sort()).toEqual([...changedFiles].sort());
  expect(found.checked.filter((file) => /my-\w+(\.test)?\.ts$/.test(file))).toHaveLength(2 * kinds.length);
  expect(found[kind]).toEqual([]);
});
