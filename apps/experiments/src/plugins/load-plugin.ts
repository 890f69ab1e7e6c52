import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { WeightmapError, type Plugin } from '@weightmap/core';
import { readIfThere } from '@weightmap/core/files';
import { shareOwnModules } from './_own-modules.js';
import { checkAttack, checkParsedOptions, checkPlugin, pluginParts } from './plugin-schema.js';

/** A plugin that was loaded, and from where. */
export interface LoadedPlugin {
  /** Absolute, without links. */
  readonly file: string;
  /** Of the file alone, hex: what it imports is not looked at. */
  readonly sha256: string;
  readonly plugin: Plugin;
}

/** Bytes of the largest module that is read. */
const LARGEST = 64 * 2 ** 20;

/**
 * The SHA-256 of a plugin's file.
 *
 * @throws WeightmapError if there is no such file, or something else than a file.
 */
export async function fingerprint(file: string): Promise<Pick<LoadedPlugin, 'file' | 'sha256'>> {
  const bytes = await readIfThere(file, { largest: LARGEST });
  if (!bytes)
    throw new WeightmapError('There is no such plugin.', {
      where: path.resolve(file),
      expected: 'a JavaScript module, such as ./my-dataset.mjs',
    });
  return { file: realpathSync(file), sha256: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * Loads a module that gives a `Plugin`: by its default export, an object or a function that gives one, or by named exports.
 *
 * @throws WeightmapError if there is no such file, if it can't be run, or if it gives something else.
 */
export async function loadPlugin(given: string): Promise<LoadedPlugin> {
  const { file, sha256 } = await fingerprint(given);
  shareOwnModules();
  const run = async (): Promise<unknown> => {
    const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
    if (typeof module.default === 'function') return (module.default as () => unknown)();
    if (module.default !== undefined) return module.default;
    return Object.fromEntries(
      Object.entries(module).filter(([name]) => pluginParts.some((part) => part === name)),
    );
  };
  const plugin = checkPlugin(
    await run().catch((error: unknown) => {
      throw inPlugin(error, file, "The plugin can't be loaded");
    }),
    file,
  );
  for (const [id, create] of Object.entries(plugin.attacks ?? {}))
    checkAttack(
      blamed(`The attack "${id}" of a plugin can't be made`, file, () => create()),
      id,
      file,
    );
  for (const [id, row] of Object.entries(plugin.defenses ?? {}))
    checkParsedOptions(
      blamed(`The defence "${id}" of a plugin can't take its defaults`, file, () => row.parse({})),
      id,
      row.defaults,
      file,
    );
  return { file, sha256, plugin };
}

/**
 * Runs code of a plugin. An error that it throws is reported as the plugin's.
 *
 * @param what begins the sentence: `The dataset "x" of a plugin can't be loaded`.
 */
export function blamed<Result>(what: string, file: string, body: () => Result): Result {
  try {
    const result = body();
    return result instanceof Promise
      ? (result.catch((error: unknown) => {
          throw inPlugin(error, file, what);
        }) as Result)
      : result;
  } catch (error) {
    throw inPlugin(error, file, what);
  }
}

const checkSyntax = (file: string): string =>
  spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' }).stderr;

/** The error to throw instead: errors for people, and what stops a run, stay as they are. */
function inPlugin(error: unknown, file: string, what: string): unknown {
  if (error instanceof WeightmapError || !(error instanceof Error)) return error;
  const name = path.basename(file).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // Where a module can't be parsed, only Node's own check of it says.
  const trace = error instanceof SyntaxError ? checkSyntax(file) : (error.stack ?? '');
  const place = new RegExp(`${name}:(\\d+)`).exec(trace)?.[1];
  const kind = error.name === 'Error' ? '' : `${error.name}: `;
  return new WeightmapError(
    `${what}: ${kind}${error.message.split('\n')[0]}`,
    { where: place === undefined ? file : `${file}, line ${place}`, fix: 'correct the plugin' },
    { cause: error },
  );
}
