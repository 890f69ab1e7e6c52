import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '@weightmap/core';
import { closest } from 'fastest-levenshtein';

/** The error for an unknown name, with the nearest known name and all known names. */
export function unknownName(
  kind: string,
  name: string,
  known: readonly string[],
  where?: string,
): UsageError {
  return new UsageError(`There is no ${kind} "${name}". Did you mean "${closest(name, [...known])}"?`, {
    where,
    expected: known.join(', '),
    ...(isOutdated() && {
      fix: 'if you have just added it, build the command again: npx nx run experiments:build',
    }),
  });
}

/**
 * Whether this command was built in a clone of the repository whose sources have changed since: then a name that exists in the
 * sources may be missing in the build.
 */
export function isOutdated(file = import.meta.filename): boolean {
  const root = path.resolve(path.dirname(file), '../../..');
  if (path.basename(path.dirname(file)) !== 'dist' || !existsSync(path.join(root, 'nx.json'))) return false;
  const built = statSync(file).mtimeMs;
  const packages = path.join(root, 'packages');
  return readdirSync(packages)
    .flatMap((name) => filesIn(path.join(packages, name, 'src')))
    .some((source) => statSync(source).mtimeMs > built);
}

const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => path.join(folder, name))
    : [];
