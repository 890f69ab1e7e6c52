import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { parseJson } from '@weightmap/core';
import { readIfThere, writeWhole } from '@weightmap/core/files';
import { z } from 'zod';
import { canonicalJson } from './cell-id.js';

/** Stored measurements of a trained network, so that an interrupted evaluation continues where it was. */
export interface EvaluationCache {
  /**
   * The values of some keys. `compute` is called with those that aren't stored.
   *
   * @param name of the measurement: a file of its own.
   * @param circumstances all else that the values depend on; values of other circumstances count as none.
   */
  entries: <Key extends string | number, Value>(
    name: string,
    circumstances: object,
    keys: readonly Key[],
    compute: (missing: readonly Key[]) => Promise<readonly Value[]>,
  ) => Promise<Value[]>;
  /** The stored value of each key; null if one is missing. */
  known: <Value>(
    name: string,
    circumstances: object,
    keys: readonly (string | number)[],
  ) => Promise<Value[] | null>;
  /** Removes a stored measurement, so that it is made again. */
  forget: (name: string) => Promise<void>;
}

const fileSchema = z.object({
  sha256: z.string(),
  content: z.object({ circumstances: z.string(), entries: z.record(z.string(), z.unknown()) }),
});

/**
 * Opens the cache of a cell's evaluation.
 *
 * @param folder one file a measurement.
 * @param checkpoint identifies the trained network: a digest of its weights.
 */
export const openEvaluationCache = (folder: string, checkpoint: string): EvaluationCache => ({
  async entries<Key extends string | number, Value>(
    name: string,
    circumstances: object,
    keys: readonly Key[],
    compute: (missing: readonly Key[]) => Promise<readonly Value[]>,
  ) {
    const file = path.join(folder, `${name}.json`);
    const all = canonicalJson({ checkpoint, ...circumstances });
    const known = parse(await stored(file), all);
    const missing = keys.filter((key) => !(String(key) in known));
    if (missing.length > 0) {
      const values = await compute(missing);
      missing.forEach((key, i) => (known[String(key)] = values[i]));
      const content = { circumstances: all, entries: known };
      const text = `${JSON.stringify({ sha256: digest(content), content })}\n`;
      await writeWhole(file, text, { within: folder });
    }
    return keys.map((key) => known[String(key)] as Value);
  },
  async known<Value>(name: string, circumstances: object, keys: readonly (string | number)[]) {
    const all = canonicalJson({ checkpoint, ...circumstances });
    const known = parse(await stored(path.join(folder, `${name}.json`)), all);
    return keys.every((key) => String(key) in known) ? keys.map((key) => known[String(key)] as Value) : null;
  },
  forget: (name) => rm(path.join(folder, `${name}.json`), { force: true }),
});

/** The bytes of a file; null if there is none, or something that isn't a file of the folder: it is then replaced. */
const stored = (file: string) => readIfThere(file, { within: path.dirname(file) }).catch(() => null);

/** The entries of a file; none of one that is damaged, or was made under other circumstances. */
function parse(bytes: Buffer | null, circumstances: string): Record<string, unknown> {
  try {
    const { sha256, content } = fileSchema.parse(parseJson(String(bytes)));
    return sha256 === digest(content) && content.circumstances === circumstances ? content.entries : {};
  } catch {
    return {};
  }
}

const digest = (content: object) => createHash('sha256').update(JSON.stringify(content)).digest('hex');
