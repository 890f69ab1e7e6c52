import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as prettier from 'prettier';
import type { AttackInfo } from '@weightmap/core';
import { attackPage, type Evidence } from './attack-page.js';
import { attackTable, type Documented } from './attack-tables.js';
import { readFactories } from './read-factories.js';

const folder = path.resolve(import.meta.dirname, '..');
const pages = path.resolve(folder, '../../docs/attacks');
const readme = path.join(folder, 'README.md');

const NOTE = '<!-- Generated from the docstring in the source by `npx nx run attacks:docs`. -->';

/**
 * Generates the documentation: a page for each attack, and the README with its tables between their markers.
 *
 * @param attacks the registry: metadata comes from there, all other text from the docstrings of the factories.
 * @returns the formatted text of each file, by its path.
 */
export async function attackDocs(
  attacks: Readonly<Record<string, () => AttackInfo>>,
): Promise<ReadonlyMap<string, string>> {
  const factories = readFactories(path.join(folder, 'src/registry.ts'));
  const all: Documented[] = Object.entries(attacks).map(([id, create]) => ({
    info: create(),
    factory: factories.get(id)!,
  }));
  const files = new Map<string, string>();
  const imports = importsOfTests();
  for (const { info, factory } of all)
    files.set(
      path.join(pages, `${info.id}.md`),
      attackPage(info, factory, {
        source: posix(path.relative(pages, factory.file)),
        tests: imports.filter(({ names }) => names.has(factory.name)).map(({ evidence }) => evidence),
        note: NOTE,
      }),
    );
  files.set(readme, withTables(readFileSync(readme, 'utf8'), all));
  const formatted = [...files].map(async ([file, text]) => {
    const options = await prettier.resolveConfig(file);
    return [file, await prettier.format(text, { ...options, parser: 'markdown' })] as const;
  });
  return new Map(await Promise.all(formatted));
}

/** Files whose text is out of date, including pages of attacks that no longer exist. */
export function staleFiles(files: ReadonlyMap<string, string>): string[] {
  const changed = [...files].filter(([file, text]) => readOr(file) !== text).map(([file]) => file);
  return [...changed, ...strayPages(files)];
}

/** Writes the files, and removes pages of attacks that no longer exist. */
export function writeFiles(files: ReadonlyMap<string, string>): void {
  for (const [file, text] of files) writeFileSync(file, text);
  for (const stray of strayPages(files)) rmSync(stray);
}

const strayPages = (files: ReadonlyMap<string, string>): string[] =>
  readdirSync(pages)
    .map((name) => path.join(pages, name))
    .filter((file) => file.endsWith('.md') && !files.has(file));

function readOr(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** Replaces the tables of the README. @throws Error if a marker is missing. */
export function withTables(text: string, all: readonly Documented[]): string {
  return (['noise', 'fixed', 'minimal'] as const).reduce((whole, kind) => {
    const [begin, end] = [`<!-- attacks: ${kind} -->`, `<!-- /attacks: ${kind} -->`];
    const [from, to] = [whole.indexOf(begin), whole.indexOf(end)];
    if (from < 0 || to < from)
      throw new Error(`${readme} needs ${begin} and, below it, ${end}: the table goes between them.`);
    const table = attackTable(kind, all, '../../docs/attacks');
    return `${whole.slice(0, from)}${begin}\n\n${table}\n\n${whole.slice(to)}`;
  }, text);
}

/** The names that each test imports from the sources. */
function importsOfTests(): { names: ReadonlySet<string>; evidence: Evidence }[] {
  const tests = path.join(folder, 'test');
  return readdirSync(tests)
    .filter((file) => file.endsWith('.test.ts'))
    .sort()
    .map((file) => {
      const text = readFileSync(path.join(tests, file), 'utf8');
      const lists = [...text.matchAll(/import \{([^}]*)\} from '\.\.\/src\/[^']*'/g)].map(([, list]) => list);
      const names = lists.flatMap((list) => list.split(',').map((name) => name.trim()));
      const link = posix(path.relative(pages, path.join(tests, file)));
      return { names: new Set(names), evidence: { file, link } };
    });
}

const posix = (file: string): string => file.split(path.sep).join('/');
