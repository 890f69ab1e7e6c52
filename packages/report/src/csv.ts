import { plainLines } from '@weightmap/core';

/** A cell of a table; null is an empty one. */
export type CsvValue = string | number | null;

/** A table as data: the numbers of a figure. */
export interface Table {
  /** Names of the columns. */
  readonly columns: readonly string[];
  /** As many values as columns each. */
  readonly rows: readonly (readonly CsvValue[])[];
}

/** CSV by RFC 4180 with `\n`; null is an empty field. */
export const toCsv = ({ columns, rows }: Table): string =>
  [columns, ...rows].map((row) => row.map(field).join(',')).join('\n') + '\n';

function field(value: CsvValue): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(Number(value.toPrecision(12)));
  const shown = plainLines(value);
  // A spreadsheet would take text that begins like this for a formula.
  const text = /^\s*[=+\-@]|^[\t\r]/.test(shown) ? `'${shown}` : shown;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
