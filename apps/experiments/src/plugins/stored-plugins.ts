import { existsSync } from 'node:fs';
import path from 'node:path';
import { WeightmapError } from '@weightmap/core';
import type { CellConfig, StoredPlugin } from '@weightmap/records';
import { shellWord } from '../terminal/shell-word.js';
import { approve, readApprovals, type Approval } from './approvals.js';
import { usedPlugins, usePlugin } from './components.js';
import { fingerprint, loadPlugin } from './load-plugin.js';

/** A file that keeps plugins: a run's list of cells, or its plan of attacks. */
interface Stored {
  readonly plugins?: readonly StoredPlugin[];
}

/** What this command line allows: `--plugin`, from the user or from the launcher that had the user's. */
const allowed: Approval[] = [];
/** Digests whose files a launcher on another machine had: they may lie elsewhere here. */
const fromLauncher = new Set<string>();

/** The plugins in use, as the run in this folder is to remember them; nothing if there are none. */
export const storePlugins = (run: string): { plugins?: StoredPlugin[] } => {
  const plugins = usedPlugins().map(({ file, sha256 }) => ({
    file,
    sha256,
    fromRun: path.relative(path.resolve(run), file).split(path.sep).join('/'),
  }));
  return plugins.length > 0 ? { plugins } : {};
};

/**
 * Allows the plugins of `--plugin`, and keeps that for later commands. Nothing of them is run yet.
 *
 * @param words files; or `<sha256>:<file>`, as launchers give them to workers: only with this content, and for this process alone.
 * @throws WeightmapError if a file is missing.
 */
export async function allowPlugins(words: readonly string[] = []): Promise<void> {
  for (const word of words) {
    const [, sha256, file] = /^([0-9a-f]{64}):(.+)$/s.exec(word) ?? [];
    if (sha256 !== undefined) {
      allowed.push({ sha256, file });
      fromLauncher.add(sha256);
    } else {
      const known = await fingerprint(word);
      allowed.push(known);
      await approve(known);
    }
  }
}

/** Allows, loads and uses the plugins of `--plugin`. */
export async function usePlugins(files: readonly string[] = []): Promise<void> {
  await allowPlugins(files);
  for (const file of files) usePlugin(await loadPlugin(file));
}

/**
 * Refuses plugins that a configuration file names and the user has not approved: somebody else may have written the file.
 *
 * @throws WeightmapError for the first of them.
 */
export async function refuseUnapproved(files: readonly string[], config: string): Promise<void> {
  for (const given of files) {
    const { file, sha256 } = await fingerprint(given);
    if (isApproved({ file, sha256 })) continue;
    throw new WeightmapError('The configuration file names a plugin that you have not allowed.', {
      where: `${config}: ${file}, SHA-256 ${sha256}`,
      expected: 'a plugin that you have named by --plugin before, with the same content',
      fix: `read the plugin: its code runs with your rights; to allow it, add --plugin ${shellWord(file)} to this command, once`,
    });
  }
}

/** Uses those of some plugins that were approved before: for completion, where a command isn't given yet. */
export async function useApproved(files: readonly string[]): Promise<void> {
  for (const given of files) {
    const known = await fingerprint(given);
    if (isApproved(known)) usePlugin(await loadPlugin(given));
  }
}

const isApproved = ({ file, sha256 }: Approval): boolean =>
  readApprovals().some((known) => known.sha256 === sha256 && known.file === file);

/**
 * The words of a worker's command line that pass on what this process may use of a run's plugins.
 *
 * @throws nothing: a plugin that isn't allowed is left to the worker, which says so if it needs it.
 */
export async function pluginWords(run: string, { plugins = [] }: Stored): Promise<string[]> {
  const words: string[] = [];
  for (const entry of plugins) {
    const file = await allowedFile(run, entry);
    if (file !== null) words.push('--plugin', `${entry.sha256}:${file}`);
  }
  return words;
}

/**
 * Uses the plugins of a run that are allowed, for a command that plans the run again.
 *
 * @param onNote called for each that is left out.
 * @throws WeightmapError if cells of the run need one that isn't allowed, or that has changed.
 */
export async function usePluginsAgain(
  run: string,
  { plugins = [], cells = [] }: Stored & { cells?: readonly Pick<CellConfig, 'plugins'>[] },
  onNote: (note: string) => void,
): Promise<void> {
  for (const entry of plugins) {
    const used = usedPlugins().find(({ file, sha256 }) => sha256 === entry.sha256 || file === entry.file);
    if (used) {
      if (used.sha256 !== entry.sha256)
        onNote(
          `the plugin ${used.file} has changed since this run was begun: cells that use it count as others`,
        );
      continue;
    }
    const file = await allowedFile(run, entry);
    if (file !== null) usePlugin(await loadPlugin(file));
    else if (!existsSync(placeOf(run, entry)))
      onNote(`the plugin ${entry.file} that this run was begun with no longer exists; it is left out`);
    else if (cells.some((cell) => cell.plugins?.includes(entry.sha256))) throw notAllowed(run, entry);
    else
      onNote(
        `the plugin ${entry.file}, SHA-256 ${entry.sha256}, is not run: you have not allowed it by --plugin`,
      );
  }
}

/** Uses the plugins of a run, or of its plan, that are allowed. A note names each of the others. */
export async function useAllowedPlugins(
  run: string,
  { plugins = [] }: Stored,
  onNote: (note: string) => void,
): Promise<void> {
  for (const entry of plugins) {
    if (usedPlugins().some(({ sha256 }) => sha256 === entry.sha256)) continue;
    const file = await allowedFile(run, entry);
    if (file !== null) usePlugin(await loadPlugin(file));
    else
      onNote(
        `the plugin ${entry.file}, SHA-256 ${entry.sha256}, is not run: you have not allowed it by --plugin`,
      );
  }
}

/**
 * Uses the plugins that cells of a run, or attacks on them, were planned with.
 *
 * @throws WeightmapError if one of them isn't allowed, is gone, or is another now.
 */
export async function usePluginsFor(
  cells: readonly Pick<CellConfig, 'plugins'>[],
  run: string,
  stored: Stored,
): Promise<void> {
  for (const entry of wantedBy(cells, run, stored)) {
    const file = await allowedFile(run, entry);
    if (file === null) throw notAllowed(run, entry);
    usePlugin(await loadPlugin(file));
  }
}

/**
 * Checks that the plugins which cells were planned with are allowed, without running them.
 *
 * @throws WeightmapError as `usePluginsFor`.
 */
export async function requirePlugins(
  cells: readonly Pick<CellConfig, 'plugins'>[],
  run: string,
  stored: Stored,
): Promise<void> {
  for (const entry of wantedBy(cells, run, stored))
    if ((await allowedFile(run, entry)) === null) throw notAllowed(run, entry);
}

/** The plugins of cells that are not in use yet. */
const wantedBy = (
  cells: readonly Pick<CellConfig, 'plugins'>[],
  run: string,
  { plugins: stored = [] }: Stored,
): StoredPlugin[] =>
  [...new Set(cells.flatMap(({ plugins = [] }) => plugins))]
    .filter((wanted) => !usedPlugins().some(({ sha256 }) => sha256 === wanted))
    .map(
      (wanted) =>
        stored.find(({ sha256 }) => sha256 === wanted) ?? {
          sha256: wanted,
          file: `${run}: its list of plugins has been replaced`,
          fromRun: '',
        },
    );

/**
 * The file of a run's plugin, if it is allowed and still has its content: one of this command line, or one that the user approved
 * before. The run gives the digest alone, not the place: what a plugin imports lies beside it, and would be another's there.
 */
async function allowedFile(run: string, { sha256, fromRun }: StoredPlugin): Promise<string | null> {
  const places = [...allowed, ...readApprovals()]
    .filter((one) => one.sha256 === sha256)
    .map(({ file }) => file);
  if (fromLauncher.has(sha256) && fromRun !== '') places.push(path.resolve(run, fromRun));
  for (const place of places) {
    const found = await fingerprint(place).catch(() => null);
    if (found?.sha256 === sha256) return found.file;
  }
  return null;
}

/** Where a remembered plugin lies now, for messages. */
const placeOf = (run: string, { file, fromRun }: StoredPlugin): string =>
  [file, path.resolve(run, fromRun)].find((place) => existsSync(place)) ?? file;

function notAllowed(run: string, entry: StoredPlugin): WeightmapError {
  const place = placeOf(run, entry);
  const wasAllowed = [...allowed, ...readApprovals()].some(({ sha256 }) => sha256 === entry.sha256);
  if (wasAllowed)
    return new WeightmapError(
      existsSync(place)
        ? 'A plugin has changed since this run was planned.'
        : 'A plugin of this run no longer exists.',
      {
        where: place,
        expected: `the file with the SHA-256 ${entry.sha256}`,
        fix: 'restore the file, or start the run again with `weightmap run … --plugin <file>`, in another folder (--out) or with --force',
      },
    );
  return new WeightmapError('This run wants a plugin that you have not allowed; it was not run.', {
    where: `${place}, SHA-256 ${entry.sha256}`,
    expected: 'a plugin that you have named by --plugin, now or before',
    fix: `read the plugin: its code runs with your rights; to allow it, add --plugin ${shellWord(place)} to this command. Without it, status, logs, report, verify, export and publish work`,
  });
}
