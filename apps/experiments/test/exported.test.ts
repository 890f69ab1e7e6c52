import { parquetReadObjects } from 'hyparquet';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { formats } from '../src/exported/formats.js';
import { tablesOf } from '../src/exported/tables.js';
import { makeRecord } from '@weightmap/test-utils/records';

const records = [1, 2].map((trial) => ({
  record: makeRecord({ variant: 'cnn-33', trial, testErrorPercent: trial + 1 / 3 }),
  folder: 'nowhere',
}));
const tables = tablesOf(records, null);

describe('tables of a run', () => {
  it('have a row a network, strength and epoch, by the columns that join them', () => {
    expect(Object.keys(tables)).toEqual(['networks', 'robustness', 'history']);
    const [{ record }] = records;
    expect(tables.networks.rows).toHaveLength(2);
    expect(tables.robustness.rows).toHaveLength(2 * (record.noise.length + record.fgsm.length));
    expect(tables.history.rows).toHaveLength(2 * record.history.length);
    for (const { columns, rows } of Object.values(tables)) {
      expect(columns.slice(0, 4)).toEqual(['cell_id', 'dataset', 'variant', 'trial']);
      for (const row of rows) expect(row).toHaveLength(columns.length);
    }
    const first = tables.robustness.rows[0];
    expect(first.slice(4)).toEqual(['uniform-noise', record.noise[0].beta, record.noise[0].errorPercent]);
  });
});

/** What another program reads. */
const readers: Record<keyof typeof formats, (bytes: string | Uint8Array) => unknown> = {
  csv: (text) =>
    parse(text as string, {
      columns: true,
      cast: (value, { header, column }) => (header ? value : cast(value, String(column))),
    }),
  json: (text) => JSON.parse(text as string) as unknown,
  parquet: (bytes) => parquetReadObjects({ file: (bytes as Uint8Array).slice().buffer }),
};
const texts =
  /^(cell_id|dataset|variant|dataset_label|dataset_checksum|architecture|augmentation|selection|version|git|engine|tensorflow|finished_at|perturbation)$/;
const cast = (value: string, column: string) =>
  value === '' ? null : texts.test(column) ? value : Number(value);

describe.each(Object.keys(formats) as (keyof typeof formats)[])('as %s', (format) => {
  it.each(Object.keys(tables))('%s come back with every digit', async (name) => {
    const table = tables[name];
    const expected = table.rows.map((row) =>
      Object.fromEntries(
        table.columns.map((column, i) => {
          const value = row[i];
          // CSV is read by people, too: twelve digits.
          return [
            column,
            format === 'csv' && typeof value === 'number' ? Number(value.toPrecision(12)) : value,
          ];
        }),
      ),
    );
    expect(await readers[format](formats[format](table))).toEqual(expected);
  });
});
