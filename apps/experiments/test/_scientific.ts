import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { RunRecord } from '@weightmap/records';

/** The record in a cell's folder, without the digest of its file. */
export function recordIn(cell: string): RunRecord {
  const { sha256: _, ...record } = JSON.parse(
    readFileSync(path.join(cell, 'record.json'), 'utf8'),
  ) as RunRecord & {
    sha256: string;
  };
  return record;
}

/** All of a record but times and where it was made: what must be the same however a cell was computed. */
export const scientific = ({
  seconds: _,
  provenance: __,
  ...record
}: RunRecord): Omit<RunRecord, 'seconds' | 'provenance'> => record;

/** That of the record in a cell's folder, as bytes. */
export const scientificText = (cell: string): string => JSON.stringify(scientific(recordIn(cell)));
