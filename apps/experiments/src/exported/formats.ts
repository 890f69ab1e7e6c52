import { parquetWriteBuffer } from 'hyparquet-writer';
import { toCsv, type CsvValue, type Table } from '@weightmap/report';

/** A table's bytes in each format that it can be exported in; none rounds a number. */
export const formats = {
  /** RFC 4180, UTF-8; an empty field where there is no value. */
  csv: (table: Table) => toCsv(table),
  /** An array of objects, a row each; null where there is no value. */
  json: (table: Table) => `${JSON.stringify(objects(table), null, 1)}\n`,
  /** Text as UTF-8, whole numbers as doubles like all others, so that a column's type never depends on the run. */
  parquet: ({ columns, rows }: Table) =>
    new Uint8Array(
      parquetWriteBuffer({
        columnData: columns.map((name, i) => {
          const data = rows.map((row) => row[i]);
          return { name, data, type: isText(data) ? 'STRING' : 'DOUBLE', nullable: true };
        }),
      }),
    ),
} as const satisfies Record<string, (table: Table) => string | Uint8Array>;

export type FormatName = keyof typeof formats;

const objects = ({ columns, rows }: Table) =>
  rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));

const isText = (values: readonly CsvValue[]) => values.some((value) => typeof value === 'string');
