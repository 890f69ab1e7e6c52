import { cellId } from './cell-id.js';
import { RECORD_SCHEMA_VERSION, runRecordSchema, type RunRecord } from './run-record.js';

export type Checked = { record: RunRecord; reason?: undefined } | { record?: undefined; reason: string };

const SHOWN_ISSUES = 3;

/** A value as a record, or one line that says why it isn't one. */
export function checkRecord(value: unknown): Checked {
  const version = (value as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version === 'number' && version !== RECORD_SCHEMA_VERSION)
    return { reason: `schema version ${version}; this version reads ${RECORD_SCHEMA_VERSION}` };

  const parsed = runRecordSchema.safeParse(value);
  if (!parsed.success) {
    const { issues } = parsed.error;
    const shown = issues
      .slice(0, SHOWN_ISSUES)
      .map(({ path, message }) => `${path.map(String).join('.') || 'record'}: ${message}`);
    if (issues.length > SHOWN_ISSUES) shown.push(`and ${issues.length - SHOWN_ISSUES} more`);
    return { reason: shown.join('; ') };
  }

  const { cell, ...record } = parsed.data;
  if (record.cellId !== cellId(cell)) return { reason: "cellId: isn't the hash of the cell's configuration" };
  const contradictions = [
    record.variant !== cell.variant && 'variant',
    record.dataset !== cell.dataset.id && 'dataset',
    record.trial !== cell.trial && 'trial',
    record.seed !== cell.seed && 'seed',
  ].filter(Boolean);
  if (contradictions.length > 0) return { reason: `${contradictions.join(', ')}: contradicts the cell` };
  return { record: parsed.data };
}
