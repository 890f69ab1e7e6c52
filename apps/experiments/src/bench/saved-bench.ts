import { readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { messageOf, parseJson, WeightmapError } from '@weightmap/core';
import { readIfThere, writeWhole } from '@weightmap/core/files';
import { benchPage, type BenchFigure, type BenchRun } from '@weightmap/report';
import { z } from 'zod';
import manifest from '../../package.json' with { type: 'json' };
import { gitState } from '../cells/provenance.js';

const positive = z.number().positive().max(1e12);

const schema = z.strictObject({
  /** Other versions are not read. */
  schemaVersion: z.literal(1),
  suite: z.string().min(1).max(40),
  at: z.iso.datetime(),
  commit: z.strictObject({ sha: z.string().regex(/^[0-9a-f]{40}$/), dirty: z.boolean() }).nullable(),
  versions: z.strictObject({ weightmap: z.string(), node: z.string() }),
  conditions: z.record(z.string().max(40), z.union([z.string().max(200), z.number()])),
  load: z.tuple([z.number().nonnegative(), z.number().nonnegative()]),
  figures: z.array(
    z.strictObject({
      name: z.string().max(200),
      variant: z.string().max(200).nullable(),
      value: positive,
      unit: z.string().max(20),
      ratio: positive.nullable(),
    }),
  ),
  /** The rows of the suite, as --json prints them. */
  rows: z.array(z.json()),
});

type SavedBench = z.infer<typeof schema>;

const LARGEST = 2 ** 22;
const PAGE = 'index.html';

/** What a suite has measured, and the circumstances. */
export interface Measured {
  readonly suite: string;
  readonly batch: number;
  readonly threads: number;
  readonly images: number;
  readonly load: readonly [before: number, after: number];
  readonly figures: readonly BenchFigure[];
  readonly rows: readonly unknown[];
}

/**
 * Keeps a benchmark's result in a folder, and draws the folder's page, `index.html`, again.
 *
 * @returns the page's path, and notes on files of the folder that were left out.
 * @throws WeightmapError if a file can't be written.
 */
export async function saveBench(
  folder: string,
  { suite, batch, threads, images, load, figures, rows }: Measured,
): Promise<{ page: string; notes: readonly string[] }> {
  const at = new Date().toISOString();
  const commit = gitState();
  const cpus = os.cpus();
  const saved: SavedBench = {
    schemaVersion: 1,
    suite,
    at,
    commit,
    versions: { weightmap: manifest.version, node: process.versions.node },
    conditions: {
      processor: cpus[0]?.model.trim() ?? process.arch,
      cores: cpus.length,
      system: `${process.platform}-${process.arch}`,
      threads,
      batch,
      ...(suite === 'sweeps' && { images }),
    },
    load: [load[0], load[1]],
    figures: [...figures],
    rows: rows as SavedBench['rows'],
  };
  const name = `${at.replaceAll(/[:.]/g, '-')}-${suite}-${commit?.sha.slice(0, 7) ?? 'no-commit'}.json`;
  await writeWhole(path.join(folder, name), `${JSON.stringify(saved, null, 1)}\n`);
  const { runs, notes } = await readBenches(folder);
  const page = path.join(folder, PAGE);
  await writeWhole(page, benchPage(runs));
  return { page, notes };
}

/** The results that a folder keeps. Files that can't be read are left out, and named with the reason. */
export async function readBenches(folder: string): Promise<{ runs: BenchRun[]; notes: string[] }> {
  const runs: BenchRun[] = [];
  const notes: string[] = [];
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.json')) continue;
    const read = await readBench(path.join(folder, name), folder);
    if (typeof read === 'string') notes.push(`left out ${name}: ${read}`);
    else runs.push(read);
  }
  return { runs, notes };
}

async function readBench(file: string, within: string): Promise<BenchRun | string> {
  try {
    const bytes = await readIfThere(file, { within, largest: LARGEST });
    const parsed = schema.safeParse(parseJson(String(bytes)));
    if (parsed.success) return parsed.data;
    const { path: place, message } = parsed.error.issues[0];
    return `${place.join('.') || 'the file'}: ${message}`;
  } catch (error) {
    return error instanceof WeightmapError ? error.message : messageOf(error);
  }
}
