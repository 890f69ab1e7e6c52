import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { messageOf, WeightmapError } from '@weightmap/core';
import { parse } from 'csv-parse';
import { labelsByName } from './_class-names.js';
import { formOfCsv, hasBlanksAround } from './_csv-forms.js';
import { pathBelow, textOf, type WildImage, type WildList } from './_wild-images.js';

/** The categories of iWildCam 2019 on Kaggle; their ids are their places here. */
export const KAGGLE_CATEGORIES = [
  'empty',
  'deer',
  'moose',
  'squirrel',
  'rodent',
  'small_mammal',
  'elk',
  'pronghorn_antelope',
  'rabbit',
  'bighorn_sheep',
  'fox',
  'coyote',
  'black_bear',
  'raccoon',
  'skunk',
  'wolf',
  'bobcat',
  'cat',
  'dog',
  'opossum',
  'bison',
  'mountain_goat',
  'mountain_lion',
] as const;

const REQUIRED = ['category_id', 'file_name', 'id'];

/** Far more columns than any edition of the list has. */
const MAX_COLUMNS = 200;
/** Bytes of a row: far more than a row has, so that a file without line breaks is not read into memory as one row. */
const MAX_ROW_BYTES = 2 ** 16;

type Row = Readonly<Record<string, string>>;

/**
 * The images of the wanted classes out of Kaggle's `train.csv`, read row by row.
 *
 * Columns: category_id, file_name and id must be there; seq_id and location are used if they are.
 *
 * @throws WeightmapError with the line, if the file cannot be read, is no CSV, lacks a column, or has an id or a file name
 *   twice, a category that is none, or a row of another length than the header; if it has more than 200 columns
 *   or a row of more than 64 KiB.
 */
export async function readKaggleCsv(file: string, classes: readonly string[]): Promise<WildList> {
  const labels = labelsByName(KAGGLE_CATEGORIES, classes, {
    where: file,
    expected: KAGGLE_CATEGORIES.join(', '),
  });

  const images: WildImage[] = [];
  const ids = new Set<string>();
  const files = new Set<string>();
  const take = (row: Row, line: number) => {
    const where = `line ${line} of ${file}`;
    // pandas writes whole numbers as "13.0" where a column has gaps.
    const category = /^\d+(\.0*)?$/.test(row.category_id) ? Number(row.category_id) : Number.NaN;
    if (!(category in KAGGLE_CATEGORIES))
      throw new WeightmapError(`The category ${JSON.stringify(row.category_id)} is not known.`, {
        where,
        expected: `0 (empty) … ${KAGGLE_CATEGORIES.length - 1} (mountain_lion)`,
        fix: 'use the list of iWildCam 2019; later years have other categories',
      });
    const path = pathBelow(row.file_name, where);
    if (row.id === '')
      throw new WeightmapError('An image has no id.', {
        where,
        expected: 'an id of its own for every image',
        fix: 'add the id, or take the row out',
      });
    once(ids, row.id, 'id', where);
    once(files, path, 'file name', where);
    const label = labels[category];
    if (label < 0) return;
    const [sequence, location] = [textOf(row.seq_id), textOf(row.location)];
    images.push({ id: row.id, file: path, label, sequence, location });
  };

  const parser = parse({
    bom: true,
    trim: await hasBlanksAround(file),
    skip_empty_lines: true,
    max_record_size: MAX_ROW_BYTES,
    columns: (header: string[]) => checkedHeader(header, file),
    // Taken here and not passed on: nothing piles up, and the line is known.
    on_record: (row: Row, { lines }) => {
      take(row, lines);
      return null;
    },
  });
  try {
    await pipeline(createReadStream(file), parser, async (rows: AsyncIterable<unknown>) => {
      for await (const _ of rows);
    });
  } catch (error) {
    const form = isAboutForm(error) ? await formOfCsv(file, REQUIRED).catch(() => null) : null;
    if (form)
      throw new WeightmapError(
        form.what,
        {
          where: file,
          expected: `values separated by commas, in the columns ${REQUIRED.join(', ')}`,
          fix: form.fix,
        },
        { cause: error },
      );
    if (error instanceof WeightmapError) throw error;
    throw new WeightmapError(
      `A CSV cannot be read: ${messageOf(error)}`,
      {
        where: file,
        expected: `as many values in every row as the header has columns, and rows of at most ${MAX_ROW_BYTES} bytes`,
        fix: 'correct that row (a value that holds a comma must be in quotes, and no comma belongs after the last); if the file breaks off there, fetch it again',
      },
      { cause: error },
    );
  }
  if (ids.size === 0)
    throw new WeightmapError('A CSV lists no images.', {
      where: file,
      expected: 'a header and a row for every image',
      fix: 'use train.csv of iWildCam 2019; if it breaks off, fetch it again',
    });
  return { images, notes: [] };
}

/** What a missing column or an error of the parser can come from; not what a row says. */
const isAboutForm = (error: unknown) => !(error instanceof WeightmapError) || error instanceof HeaderError;

class HeaderError extends WeightmapError {}

function checkedHeader(header: string[], file: string): string[] {
  if (header.length > MAX_COLUMNS)
    throw new HeaderError(`The CSV has ${header.length} columns.`, {
      where: file,
      expected: `at most ${MAX_COLUMNS}`,
      fix: 'use train.csv of iWildCam 2019',
    });
  const missing = REQUIRED.filter((name) => !header.includes(name));
  const twice = header.filter((name, i) => header.indexOf(name) !== i);
  const other = missing.flatMap(
    (name) => header.find((column) => column.trim().toLowerCase() === name) ?? [],
  );
  if (missing.length > 0 || twice.length > 0)
    throw new HeaderError(
      missing.length > 0
        ? `The CSV has no column ${missing.join(', ')}.`
        : `The column ${twice[0]} is there twice.`,
      {
        where: `${file} has the columns ${header.join(', ')}`,
        expected: `at least ${REQUIRED.join(', ')}, each once`,
        fix:
          other.length > 0
            ? `name the columns ${missing.join(', ')}, in small letters (now ${other.join(', ')})`
            : 'use train.csv of iWildCam 2019 (test.csv has no categories)',
      },
    );
  return header;
}

function once(seen: Set<string>, value: string, what: string, where: string): void {
  if (seen.has(value))
    throw new WeightmapError(`The ${what} ${value} is there a second time.`, {
      where,
      expected: 'every image once',
      fix: 'keep one of the two rows',
    });
  seen.add(value);
}
