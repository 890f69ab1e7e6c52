import { cellId } from './cell-id.js';
import { contentDigest, DIGEST_DIFFERS } from './content-digest.js';
import { contradictionsOf } from './_contradictions.js';
import { RECORD_SCHEMA_VERSION, recordFileSchema, type RunRecord } from './run-record.js';

/** A checked record; or why a value is none. */
export type Checked =
  | {
      readonly record: RunRecord;
      /** The digest that the file holds; absent from a record of an earlier version. */
      readonly sha256?: string;
      readonly reason?: undefined;
    }
  | {
      readonly record?: undefined;
      /** For people. */
      readonly reason: string;
      /** Of a record of another schema version: the id of the cell that it belongs to. */
      readonly owner?: string;
    };

const SHOWN_ISSUES = 3;

/**
 * What a record's file holds, as a record; or one line that says why it isn't one.
 *
 * It is one if it fits the schema, if its content has the digest that it names, if its id is the hash of its cell, and if
 * nothing in it contradicts its cell. Every command that uses a record decides by this function.
 */
export function checkRecord(value: unknown): Checked {
  const { schemaVersion: version, cellId: owner } = (value ?? {}) as Record<string, unknown>;
  if (typeof version === 'number' && version !== RECORD_SCHEMA_VERSION)
    return {
      reason: `schema version ${version}; this version reads ${RECORD_SCHEMA_VERSION}`,
      ...(typeof owner === 'string' && { owner }),
    };

  const parsed = recordFileSchema.safeParse(value);
  if (!parsed.success)
    return {
      reason: firstOf(
        parsed.error.issues.map(
          ({ path, message }) => `${path.map(String).join('.') || 'record'}: ${message}`,
        ),
      ),
    };

  const { sha256, ...record } = parsed.data;
  if (sha256 !== undefined && sha256 !== contentDigest(record)) return { reason: DIGEST_DIFFERS };
  if (record.cellId !== cellId(record.cell))
    return { reason: "cellId: isn't the hash of the cell's configuration" };
  const contradictions = contradictionsOf(record);
  return contradictions.length > 0
    ? { reason: `contradicts its own cell: ${firstOf(contradictions)}` }
    : { record, ...(sha256 !== undefined && { sha256 }) };
}

const firstOf = (texts: readonly string[]): string =>
  [
    ...texts.slice(0, SHOWN_ISSUES).map((text) => (text.length > 300 ? `${text.slice(0, 300)}…` : text)),
    ...(texts.length > SHOWN_ISSUES ? [`and ${texts.length - SHOWN_ISSUES} more`] : []),
  ].join('; ');
