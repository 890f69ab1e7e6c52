import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

export const COLUMNS = [
  'category_id',
  'date_captured',
  'file_name',
  'frame_num',
  'id',
  'location',
  'rights_holder',
  'seq_id',
  'seq_num_frames',
  'width',
  'height',
] as const;

export type Row = Readonly<Partial<Record<(typeof COLUMNS)[number], string | number>>>;

/** A CSV as Kaggle writes it: a value is quoted if it holds a comma, a quote or a line break. */
export function csvOf(
  rows: readonly Row[],
  {
    columns = COLUMNS,
    newline = '\n',
    bom = false,
  }: { columns?: readonly string[]; newline?: string; bom?: boolean } = {},
): string {
  const quoted = (value: string) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const lines = rows.map((row) => columns.map((name) => quoted(String(row[name as never] ?? ''))).join(','));
  return `${bom ? '\uFEFF' : ''}${[columns.join(','), ...lines].join(newline)}${newline}`;
}

/** A row of the category, its other values made of the name. */
export const rowOf = (category: number, name: string, more: Row = {}): Row => ({
  category_id: category,
  file_name: `${name}.jpg`,
  id: name,
  rights_holder: 'Someone, "who" made\nit',
  seq_id: `burst of ${name}`,
  location: 7,
  ...more,
});

/** A JPEG of one colour, or with a left and a right half. */
export async function photo(
  left: readonly [number, number, number],
  right: readonly [number, number, number] = left,
  { width = 64, height = 46 }: { width?: number; height?: number } = {},
): Promise<Buffer> {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    Math.floor(i / 3) % width < width / 2 ? left[i % 3] : right[i % 3],
  );
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/**
 * Writes `perClass` photos of each of some categories of Kaggle's, and their list. A photo is gray, and its value tells
 * which it is: 2·index within the class + the class.
 */
export async function writeWild(
  folder: string,
  {
    categories = { 11: 'coyote', 13: 'raccoon' },
    perClass = 20,
    row = (category, name) => rowOf(category, name),
  }: {
    categories?: Readonly<Record<number, string>>;
    perClass?: number;
    row?: (category: number, name: string, index: number) => Row;
  } = {},
): Promise<string> {
  const rows: Row[] = [];
  for (const [label, [category, name]] of Object.entries(categories).entries())
    for (let i = 0; i < perClass; i++) {
      const own = row(Number(category), `${name}-${i}`, i);
      rows.push(own);
      await writeIn(join(folder, 'train_images'), String(own.file_name), await grayPhoto(2 * i + label));
    }
  await writeIn(folder, 'train.csv', csvOf(rows));
  return folder;
}

/** One of a value, encoded once for all tests. */
function grayPhoto(value: number): Promise<Buffer> {
  const made = grayPhotos.get(value) ?? photo(gray(value));
  grayPhotos.set(value, made);
  return made;
}
const grayPhotos = new Map<number, Promise<Buffer>>();

export const gray = (value: number): [number, number, number] => [value, value, value];

export async function writeIn(folder: string, name: string, content: Uint8Array | string): Promise<string> {
  const file = join(folder, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}
