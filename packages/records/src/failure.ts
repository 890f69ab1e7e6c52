import os from 'node:os';
import { messageOf, parseJson, WeightmapError } from '@weightmap/core';
import { readIfThereSync, writeWhole } from '@weightmap/core/files';
import { z } from 'zod';
import { cellId } from './cell-id.js';
import { cellPaths } from './cell-paths.js';
import type { CellConfig } from './run-record.js';

const failureSchema = z.object({
  /** Other versions are not read. */
  schemaVersion: z.literal(1),
  /** Of the cell that failed. */
  cellId: z.string(),
  /** How often it was tried. */
  attempt: z.number().int().positive(),
  /** For people. */
  reason: z.string(),
  /** Of the error, for whoever repairs it; null if there is none. */
  stack: z.string().nullable(),
  /** Name of the machine. */
  host: z.string(),
  /** ISO 8601, UTC. */
  at: z.string(),
});

const LARGEST = 2 ** 20;

/** Why a cell failed permanently. */
export type Failure = z.infer<typeof failureSchema>;

/** The failure that lies in a cell's folder, if it is of this configuration. */
export function readFailure(run: string, cell: CellConfig): Failure | null {
  try {
    const bytes = readIfThereSync(cellPaths(run, cell).failure, { within: run, largest: LARGEST });
    const failure = failureSchema.parse(parseJson(String(bytes)));
    return failure.cellId === cellId(cell) ? failure : null;
  } catch {
    return null;
  }
}

/** Stores why a cell failed. @param attempt counted from 1. */
export async function writeFailure(
  run: string,
  cell: CellConfig,
  error: unknown,
  attempt: number,
): Promise<void> {
  const failure: Failure = {
    schemaVersion: 1,
    cellId: cellId(cell),
    attempt,
    reason: error instanceof WeightmapError ? error.explain() : messageOf(error),
    stack: error instanceof Error ? (error.stack ?? null) : null,
    host: os.hostname(),
    at: new Date().toISOString(),
  };
  await writeWhole(cellPaths(run, cell).failure, `${JSON.stringify(failure, null, 2)}\n`, { within: run });
}
