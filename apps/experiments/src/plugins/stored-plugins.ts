import { existsSync } from 'node:fs';
import path from 'node:path';
import { WeightmapError } from '@weightmap/core';
import type { CellConfig, StoredPlugin } from '@weightmap/records';
import { usedPlugins, usePlugin } from './components.js';
import { fingerprint, loadPlugin, type LoadedPlugin } from './load-plugin.js';

/** The plugins in use, as the run in this folder is to remember them; nothing if there are none. */
export const storePlugins = (run: string): { plugins?: StoredPlugin[] } => {
  const plugins = usedPlugins().map(({ file, sha256 }) => ({
    file,
    sha256,
    fromRun: path.relative(path.resolve(run), file).split(path.sep).join('/'),
  }));
  return plugins.length > 0 ? { plugins } : {};
};

/** Where a remembered plugin lies now. */
const placeOf = (run: string, { file, fromRun }: StoredPlugin): string =>
  [file, path.resolve(run, fromRun)].find((place) => existsSync(place)) ?? file;

/** Loads and uses plugins by their files. */
export async function usePlugins(files: readonly string[] = []): Promise<void> {
  for (const file of files) usePlugin(await loadPlugin(file));
}

/**
 * Uses the run's plugins in their present form, for a command that plans the run again. A note names each plugin that has changed
 * or is missing; cells that need it then count as different cells.
 */
export async function usePluginsAgain(
  run: string,
  stored: readonly StoredPlugin[] = [],
  onNote: (note: string) => void,
): Promise<void> {
  for (const entry of stored) {
    const file = placeOf(run, entry);
    if (!existsSync(file)) {
      onNote(`the plugin ${file} that this run was begun with no longer exists; it is left out`);
      continue;
    }
    const { sha256, file: real } = await fingerprint(file);
    if (sha256 !== entry.sha256)
      onNote(`the plugin ${file} has changed since this run was begun: cells that use it count as others`);
    if (!usedPlugins().some((known) => known.file === real)) usePlugin(await loadPlugin(file));
  }
}

/** Uses the plugins that a run was begun with, as far as they are there and what they were. */
export async function useUnchangedPlugins(
  run: string,
  { plugins = [] }: { plugins?: readonly StoredPlugin[] },
): Promise<void> {
  for (const entry of plugins) {
    const file = placeOf(run, entry);
    if (existsSync(file) && (await fingerprint(file)).sha256 === entry.sha256)
      usePlugin(await loadPlugin(file));
  }
}

/**
 * Uses the plugins that cells of a run were planned with.
 *
 * @throws WeightmapError if one of them is gone, or is another now.
 */
export async function usePluginsFor(
  cells: readonly Pick<CellConfig, 'plugins'>[],
  run: string,
  { plugins: stored = [] }: { plugins?: readonly StoredPlugin[] },
): Promise<void> {
  for (const wanted of new Set(cells.flatMap(({ plugins = [] }) => plugins))) {
    if (usedPlugins().some(({ sha256 }) => sha256 === wanted)) continue;
    const entry = stored.find(({ sha256 }) => sha256 === wanted);
    const file = entry && placeOf(run, entry);
    const found: Pick<LoadedPlugin, 'sha256'> | null =
      file && existsSync(file) ? await fingerprint(file) : null;
    if (!file || found?.sha256 !== wanted)
      throw new WeightmapError(
        found ? 'A plugin has changed since this run was planned.' : 'A plugin of this run no longer exists.',
        {
          where: file ?? `${run}: its list of plugins has been replaced`,
          expected: `the file with the SHA-256 ${wanted.slice(0, 12)}…`,
          fix: 'restore the file, or start the run again with `weightmap run … --plugin <file>`, in another folder (--out) or with --force',
        },
      );
    usePlugin(await loadPlugin(file));
  }
}
