import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { messageOf, parseJson, WeightmapError } from '@weightmap/core';
import { readIfThereSync, writeWhole } from '@weightmap/core/files';
import { cellPaths } from '@weightmap/records';
import { z } from 'zod';
import { isHeld } from '../leases/lease.js';
import { resultsOf } from './part-results.js';
import type { AttackPart } from './parts.js';
import { digestOfPictures, type StoredPictures } from './pictures.js';

const failureSchema = z.object({
  part: z.string(),
  /** For people. */
  reason: z.string(),
  stack: z.string().nullable(),
  host: z.string(),
  at: z.string(),
});

const failureFile = ({ folder }: AttackPart) => path.join(folder, 'failure.json');
export const eventsFile = ({ folder }: AttackPart): string => path.join(folder, 'events.jsonl');

/** Why a part failed; null if it hasn't. */
export function partFailure(part: AttackPart): string | null {
  try {
    const bytes = readIfThereSync(failureFile(part), { within: part.folder, largest: 2 ** 20 });
    return failureSchema.parse(parseJson(String(bytes))).reason;
  } catch {
    return null;
  }
}

export async function writePartFailure(part: AttackPart, error: unknown): Promise<void> {
  const failure: z.infer<typeof failureSchema> = {
    part: part.name,
    reason: error instanceof WeightmapError ? error.explain() : messageOf(error),
    stack: error instanceof Error ? (error.stack ?? null) : null,
    host: os.hostname(),
    at: new Date().toISOString(),
  };
  await writeWhole(failureFile(part), `${JSON.stringify(failure, null, 2)}\n`, { within: part.folder });
}

/** Lets a failed part be tried again. */
export const forgetFailure = (part: AttackPart): Promise<void> => rm(failureFile(part), { force: true });

/** Checks which parts are done, as often as it is asked; a part that is done isn't checked again. */
export function watchParts(run: string, parts: readonly AttackPart[]) {
  const done = new Set<AttackPart>();
  async function isDone(part: AttackPart): Promise<boolean> {
    if (done.has(part)) return true;
    if (!existsSync(path.join(part.folder, 'result.json'))) return false;
    const results = await resultsOf<unknown>(part);
    if (!results) return false;
    if (part.task.kind === 'pictures') {
      const [{ looks, sha256 }] = results as StoredPictures[];
      const { folder } = cellPaths(run, part.target.cell);
      if ((await digestOfPictures(folder, looks)) !== sha256) return false;
    }
    done.add(part);
    return true;
  }
  return {
    isDone,
    async unfinished(): Promise<AttackPart[]> {
      const found: AttackPart[] = [];
      for (const part of parts) if (!(await isDone(part))) found.push(part);
      return found;
    },
  };
}

/** Whether a part can be started: no process works on it, it hasn't failed, and the parts it needs are done. */
export async function isFree(
  part: AttackPart,
  { isDone }: Pick<ReturnType<typeof watchParts>, 'isDone'>,
): Promise<boolean> {
  for (const other of part.after) if (!(await isDone(other))) return false;
  return partFailure(part) === null && !isHeld(part.folder);
}

/** Whether it can't be done: it failed, or a part that it needs did. */
export const isGivenUp = (part: AttackPart): boolean =>
  partFailure(part) !== null || part.after.some(isGivenUp);
