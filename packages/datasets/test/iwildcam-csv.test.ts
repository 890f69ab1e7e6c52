import { describe, expect, it } from 'vitest';
import { KAGGLE_CATEGORIES, readKaggleCsv } from '../src/_iwildcam-csv.js';
import { failureOf, useEmptyMachine } from './_made.js';
import { COLUMNS, csvOf, rowOf, writeIn } from './_wild.js';

const machine = useEmptyMachine();
const CLASSES = ['deer', 'fox'];
const read = async (csv: string, classes: readonly string[] = CLASSES) =>
  readKaggleCsv(await writeIn(machine.root, 'train.csv', csv), classes);

const ROWS = [
  rowOf(1, 'deer-a', { location: 115 }),
  rowOf(0, 'nothing'),
  rowOf(10, 'fox "b", grey'),
  rowOf(22, 'lion'),
  rowOf(1, 'deer/in a folder', { seq_id: '', location: '' }),
];

const separatedBy = (separator: string) => csvOf(ROWS).replaceAll(',', separator);

describe('a good list in another form', () => {
  it.each<[string, string, RegExp]>([
    ['semicolons', separatedBy(';'), /separated by semicolons\.[^]*commas[^]*sep=';'/],
    ['tabs', separatedBy('\t'), /separated by tabs\.[^]*sep='\\t'/],
    ['pipes', separatedBy('|'), /separated by pipes/],
    ['blanks', 'category_id file_name id\n1 a.jpg a\n', /separated by blanks/],
    ['semicolons and quotes', '"category_id";"file_name";"id"\n1;"a.jpg";"a"\n', /by semicolons/],
    ['semicolons and other columns', 'Species;File;Camera\n', /by semicolons/],
    ["Excel's first line", `sep=;\n${separatedBy(';')}`, /begins with the line sep=;/],
    ['columns in capitals', csvOf(ROWS).toUpperCase(), /in small letters \(now CATEGORY_ID, FILE_NAME, ID\)/],
    ['a JSON', '{"images": []}', /is a JSON, not a CSV/],
    ['a workbook', 'PK\x03\x04[Content_Types].xml', /an Excel workbook/],
    ['a ZIP', 'PK\x03\x04train.csv', /a ZIP archive/],
    ['a page', '<!DOCTYPE html>', /a web page/],
    ['a comma at the end of every row', csvOf(ROWS).replaceAll(/,7,|x/g, '$&,'), /no comma belongs/],
  ])('is named as what it is: %s', async (_, csv, words) => {
    const failure = await failureOf(read(csv));
    expect(failure).toMatch(words);
    expect(failure).toMatch(/do: +(?!fetch)/);
  });

  it('is named with its separator in UTF-16 too', async () => {
    const wide = Buffer.from(`\uFEFF${separatedBy(';')}`, 'utf16le');
    const file = await writeIn(machine.root, 'train.csv', wide);
    expect(await failureOf(readKaggleCsv(file, CLASSES))).toMatch(/by semicolons/);
  });

  it('with blanks after its commas is read', async () => {
    const plainRows = ROWS.slice(0, 2).concat(rowOf(10, 'fox'));
    const spaced = csvOf(plainRows).replaceAll(',', ', ').replaceAll('Someone, ', 'Someone,');
    expect(await read(spaced)).toEqual(await read(csvOf(plainRows)));
  });

  it('gets names of classes in the spelling of the list', async () => {
    expect(await read(csvOf(ROWS), ['Deer', 'FOX '])).toEqual(await read(csvOf(ROWS)));
    expect(await failureOf(read(csvOf(ROWS), ['racoon', 'small mammal']))).toContain(
      'name the classes as the list does: raccoon, small_mammal',
    );
  });
});

describe("Kaggle's list of images", () => {
  it.each([
    ['plain', csvOf(ROWS)],
    ['with CRLF', csvOf(ROWS, { newline: '\r\n' })],
    ['with a byte order mark', csvOf(ROWS, { bom: true })],
    ['with the columns in another order', csvOf(ROWS, { columns: COLUMNS.toReversed() })],
    ['with an empty line at its end', `${csvOf(ROWS)}\n`],
    ['without a line break at its end', csvOf(ROWS).trimEnd()],
  ])('gives the images of the wanted classes (%s)', async (_, csv) => {
    const { images, notes } = await read(csv);
    expect(images).toEqual([
      { id: 'deer-a', file: 'deer-a.jpg', label: 0, sequence: 'burst of deer-a', location: '115' },
      {
        id: 'fox "b", grey',
        file: 'fox "b", grey.jpg',
        label: 1,
        sequence: 'burst of fox "b", grey',
        location: '7',
      },
      { id: 'deer/in a folder', file: 'deer/in a folder.jpg', label: 0, sequence: null, location: null },
    ]);
    expect(notes).toEqual([]);
  });

  it('may lack sequences and locations', async () => {
    const { images } = await read(csvOf(ROWS, { columns: ['id', 'file_name', 'category_id'] }));
    expect(images.map(({ sequence, location }) => [sequence, location])).toEqual(Array(3).fill([null, null]));
  });

  it('knows the ids of the ten classes of the paper', () => {
    const ten = { deer: 1, squirrel: 3, rodent: 4, fox: 10, coyote: 11 };
    const more = { raccoon: 13, skunk: 14, cat: 17, dog: 18, opossum: 19, mountain_lion: 22, empty: 0 };
    for (const [name, id] of Object.entries({ ...ten, ...more })) expect(KAGGLE_CATEGORIES[id]).toBe(name);
  });

  const lacking = COLUMNS.filter((name) => name !== 'category_id' && name !== 'id');
  it.each<[string, string, RegExp]>([
    [
      'missing columns',
      csvOf(ROWS, { columns: lacking }),
      /no column category_id, id\.[^]*has the columns date_captured, file_name/,
    ],
    ['a column twice', csvOf(ROWS, { columns: [...COLUMNS, 'id'] }), /column id is there twice/],
    ['a row that is too short', `${csvOf(ROWS)}1,,x.jpg\n`, /Invalid Record Length.*11.*3.*line 12/],
    ['a row that is too long', `${csvOf(ROWS)}${'1,'.repeat(12)}\n`, /Invalid Record Length/],
    ['a quote that is never closed', `${csvOf(ROWS)}1,"never`, /Quote Not Closed/],
    ['a quote within a value', `${csvOf(ROWS)}1,ne"ver,`, /Quote/],
    [
      'an id twice',
      csvOf([...ROWS, rowOf(4, 'nothing', { file_name: 'y.jpg' })]),
      /id nothing is there a second time[^]*line 13 of/,
    ],
    [
      'a file twice',
      csvOf([...ROWS, rowOf(4, 'x', { file_name: 'lion.jpg' })]),
      /file name lion\.jpg is there a second time/,
    ],
    [
      'an unknown category',
      csvOf([...ROWS, rowOf(23, 'x')]),
      /category "23" is not known[^]*line 13 of[^]*0 \(empty\) … 22/,
    ],
    ['a category between two', csvOf([rowOf(1, 'x', { category_id: '1.5' })]), /category "1.5"/],
    ['no category', csvOf([...ROWS, rowOf(1, 'x', { category_id: '' })]), /category "" is not known/],
    ['a category that is no number', csvOf([rowOf(1, 'x', { category_id: '1e1' })]), /category "1e1"/],
    ['no id', csvOf([rowOf(1, 'x', { id: '' })]), /has no id[^]*line 3 of/],
    ['no file name', csvOf([rowOf(1, 'x', { file_name: '' })]), /file name ""/],
    ['a file outside the folder', csvOf([rowOf(1, '../../x')]), /\.\.\/\.\.\/x\.jpg leaves the folder/],
    ['… by Windows ways', csvOf([rowOf(1, 'a\\..\\..\\x')]), /leaves the folder/],
    ['an absolute file', csvOf([rowOf(1, '/etc/x')]), /leaves the folder/],
    [
      'a header of thousands of columns',
      `${Array.from({ length: 200 }, (_, i) => `c${i}`).join()},${'x,'.repeat(5000)}id\n`,
      /has 5201 columns[^]*at most 200/,
    ],
    ['a row without end', `${csvOf(ROWS)}1,"${'x'.repeat(70_000)}`, /record exceed[^]*at most 65536 bytes/i],
    ['no rows', csvOf([]), /lists no images/],
    ['nothing', '', /lists no images/],
  ])('is refused with %s', async (_, csv, words) => {
    const failure = await failureOf(read(csv));
    expect(failure).toMatch(words);
    expect(failure).toContain('train.csv');
  });

  it('is refused for classes that it does not know, or if it is not there', async () => {
    expect(await failureOf(read(csvOf(ROWS), ['deer', 'unicorn']))).toMatch(/^unicorn: no category[^]*moose/);
    expect(await failureOf(readKaggleCsv(`${machine.root}/none.csv`, CLASSES))).toMatch(
      /ENOENT[^]*none\.csv/,
    );
  });
});
