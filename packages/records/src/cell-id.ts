import { createHash } from 'node:crypto';
import type { CellConfig } from './run-record.js';

/**
 * JSON with the keys of every object sorted: the same value gives the same text, however it was built.
 *
 * Keys whose value is `undefined` are left out, as in JSON.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** The identity of a cell: SHA-256 (hex) of its canonical configuration, but for how its variant is named. */
export const cellId = (cell: CellConfig): string =>
  createHash('sha256')
    .update(canonicalJson({ ...cell, names: undefined }))
    .digest('hex');
