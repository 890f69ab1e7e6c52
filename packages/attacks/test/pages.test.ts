import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDocstring } from '../pages/docstring.js';
import { attackDocs, staleFiles, withTables } from '../pages/generate.js';
import { readFactories } from '../pages/read-factories.js';
import { attacks } from '../src/index.js';

describe('the pages and tables of the attacks', () => {
  let files: ReadonlyMap<string, string>;
  beforeAll(async () => {
    files = await attackDocs(attacks);
  });

  it('are what docstrings and registry say (else: npx nx run attacks:docs)', () => {
    expect(files.size).toBe(Object.keys(attacks).length + 1);
    expect(staleFiles(files)).toEqual([]);
  });

  it('are stale if one differs, or is of no attack', () => {
    const [[page, text], [other]] = files;
    expect(staleFiles(new Map([...files, [page, `${text}more`]]))).toEqual([page]);
    expect(staleFiles(new Map([...files].filter(([file]) => file !== other)))).toEqual([other]);
  });

  it('need their markers', () => {
    expect(() => withTables('<!-- attacks: noise -->', [])).toThrow('<!-- /attacks: noise -->');
  });
});

describe('a docstring', () => {
  const parsed = parseDocstring(`/**
 * Made up: x′ = x, more
 * or less. More of it.
 *
 *     x ← x + 1
 *       + 2
 *
 * Its \`run\` throws an error.
 * Note: the gap.
 *
 * Source: here,
 * and there.
 *
 * Tested: never.
 */`);

  it('is taken apart into its paragraphs', () => {
    expect(parsed).toEqual({
      name: 'Made up',
      summary: 'x′ = x, more or less',
      method: 'Made up: x′ = x, more\nor less. More of it.\n\n```text\nx ← x + 1\n  + 2\n```',
      errors: 'an error.',
      note: 'the gap.',
      source: 'here,\nand there.',
      tested: 'never.',
    });
  });

  it('is summed up with the formula that ends its first sentence', () => {
    expect(
      parseDocstring('/**\n * Name: steps,\n *\n *     a = b\n *     c = d\n *\n * and so on.\n */').summary,
    ).toBe('steps: `a = b`; `c = d`');
  });
});

describe('a factory', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'weightmap-pages-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function registryOf(source: string): string {
    writeFileSync(path.join(folder, 'made.ts'), source);
    const registry = path.join(folder, 'registry.ts');
    writeFileSync(
      registry,
      `import { made } from './made.js';\nexport const attacks = { 'made-up': made } as const;`,
    );
    return registry;
  }

  it('is read with the options that it inherits, and the defaults of what it hands them to', () => {
    writeFileSync(
      path.join(folder, '_base.ts'),
      `export interface Base {
        /** How many. */
        steps?: number;
        hidden?: boolean;
      }
      export const inner = (_x: number, { steps = 1_000, size }: Omit<Base, 'hidden'> & { size?: number }) => steps;`,
    );
    const registry = registryOf(`
      import { inner, type Base } from './_base.js';
      export interface Options extends Omit<Base, 'hidden'> {
        /** How large. */
        size?: 1 | 2;
      }
      /**
       * Made up: nothing. Source: not here.
       *
       * Source: a test.
       */
      export const made = ({ size, ...rest }: Options = {}) => inner(1, { size, ...rest });`);
    const { name, file, docstring, parameters } = readFactories(registry).get('made-up')!;
    expect([name, path.basename(file), docstring.source]).toEqual(['made', 'made.ts', 'a test.']);
    expect(parameters).toEqual([
      { name: 'size', type: '1 | 2', fallback: null, meaning: 'How large.' },
      { name: 'steps', type: 'number', fallback: '1000', meaning: 'How many.' },
    ]);
  });

  it.each([
    ['no docstring', ''],
    ['no source', '/** Made up: nothing. */'],
    ['no name', '/**\n * Made up.\n *\n * Source: a test.\n */'],
  ])('with %s is refused', (_what, comment) => {
    const registry = registryOf(`${comment}\nexport function made() {}`);
    expect(() => readFactories(registry)).toThrow(/made-up can't be documented: .*made\.ts/);
  });
});
