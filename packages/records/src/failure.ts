import { readFileSync } from 'node:fs';
import os from 'node:os';
import { messageOf, WeightmapError } from '@weightmap/core';
import { writeWhole } from '@weightmap/core/files';
import { z } from 'zod';
import { cellId } from './cell-id.js';
import { cellPaths } from './cell-paths.js';
import type { CellConfig } from './run-record.js';

const failureSchema = z.object({
  schemaVersion: z.literal(1),
  cellId: z.string(),
  /** How often it was tried. */
  attempt: z.number().int().positive(),
  /** For people. */
  reason: z.string(),
  stack: z.string().nullable(),
  host: z.string(),
  at: z.string(),
});

/** Why a cell failed permanently. */
export type Failure = z.infer<typeof failureSchema>;

/** The failure that lies in a cell's folder, if it is of this configuration. */
export function readFailure(run: string, cell: CellConfig): Failure | null {
  try {
    const failure = failureSchema.parse(JSON.parse(readFileSync(cellPaths(run, cell).failure, 'utf8')));
    return failure.cellId === cellId(cell) ? failure : null;
  } catch {
    return null;
  }
}

/** @param attempt counted from 1. */
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
  await writeWhole(cellPaths(run, cell).failure, `${JSON.stringify(failure, null, 2)}\n`);
}
