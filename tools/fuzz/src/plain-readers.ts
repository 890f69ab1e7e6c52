/**
 * Readers written for plainness, after the formats' own descriptions: no speed, no messages. The parsers must read the same.
 *
 * @module
 */
import { parse as parseCsv } from 'csv-parse/sync';

/** An IDX file of unsigned bytes, element by element; null if it isn't one. */
export function plainIdx(bytes: Buffer): { shape: number[]; data: Buffer } | null {
  if (bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 8) return null;
  const shape: number[] = [];
  for (let d = 0; d < bytes[3]; d++) {
    if (4 + 4 * d + 4 > bytes.length) return null;
    const [a, b, c, e] = bytes.subarray(4 + 4 * d);
    shape.push(((a * 256 + b) * 256 + c) * 256 + e);
  }
  const start = 4 + 4 * shape.length;
  let elements = 1;
  for (const size of shape) elements *= size;
  if (shape.length === 0 || elements === 0 || bytes.length !== start + elements) return null;
  const data = Buffer.alloc(elements);
  for (let i = 0; i < elements; i++) data[i] = bytes[start + i];
  return { shape, data };
}

/** An image of a list of photos, with its keys in the order of the parsers'. */
interface ListedImage {
  id: string;
  file: string;
  label: number;
  sequence: string | null;
  location: string | null;
}

/** The images of the wanted categories out of Kaggle's list, as csv-parse gives its rows. */
export function plainCsv(bytes: Buffer, labels: Readonly<Record<number, number>>): ListedImage[] {
  const read = (trim: boolean) =>
    parseCsv<Record<string, string>>(bytes, { bom: true, columns: true, skip_empty_lines: true, trim });
  // Blanks around the columns' names are those of a list that has them everywhere.
  const names = Object.keys(read(false)[0] ?? {});
  const rows = read(names.some((name) => name !== name.trim()));
  return rows.flatMap((row) => {
    const label = labels[Number(row.category_id)];
    const file = row.file_name.replaceAll('\\', '/');
    const image = { id: row.id, file, label, sequence: row.seq_id || null, location: row.location || null };
    return label === undefined ? [] : [image];
  });
}

/** A value of a list as text: numbers and texts that aren't empty. */
const textOf = (value: unknown): string | null =>
  typeof value === 'number' || (typeof value === 'string' && value !== '') ? String(value) : null;

/**
 * The images of the wanted classes out of a COCO JSON, read at once by JSON.parse; null if a list is none: the same key before it had
 * the list, which the parser takes.
 */
export function plainCoco(bytes: Buffer, classes: readonly string[]): ListedImage[] | null {
  type Fields = Record<string, unknown>;
  const text = bytes.toString().replace(/^\ufeff/, '');
  const { images, categories, annotations } = JSON.parse(text) as Record<string, Fields[]>;
  if (![images, categories, annotations].every(Array.isArray)) return null;
  const nameOf = new Map(categories.map(({ id, name }) => [String(id), String(name)]));
  const named = new Map<string, Set<string>>();
  for (const { image_id: id, category_id: category } of annotations)
    named.set(String(id), (named.get(String(id)) ?? new Set()).add(String(category)));
  const found = images.flatMap((fields): ListedImage[] => {
    const of = [...(named.get(String(fields.id)) ?? [])];
    const label = of.length === 1 ? classes.indexOf(nameOf.get(of[0])!.toLowerCase()) : -1;
    if (label < 0) return [];
    return [
      {
        id: String(fields.id),
        file: String(fields.file_name).replaceAll('\\', '/'),
        label,
        sequence: textOf(fields.seq_id),
        location: textOf(fields.location),
      },
    ];
  });
  // One photo under several ids counts once, as the first; under two labels it has none.
  return found.filter(
    (image, i) =>
      found.findIndex(({ file }) => file === image.file) === i &&
      found.every(({ file, label }) => file !== image.file || label === image.label),
  );
}

/** A tensor of a safetensors file; values only of float32. */
interface PlainTensor {
  readonly shape: number[];
  readonly values: number[] | null;
}

/** Of lists and objects in the header: the recursion limit of serde_json, by which the reference reader reads it. */
const MOST_LEVELS = 127;

function levelsOf(json: unknown): number {
  const open = (values: readonly unknown[]) =>
    values.filter((value): value is object => typeof value === 'object' && value !== null);
  let levels = 0;
  for (let level = open([json]); level.length > 0; levels++)
    level = open(level.flatMap((value) => Object.values(value) as unknown[]));
  return levels;
}

/** The types that the format knows, and their bits. */
const TYPES: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ['F4', 4],
  ...['F6_E2M3', 'F6_E3M2'].map((name) => [name, 6] as const),
  ...['BOOL', 'U8', 'I8', 'F8_E5M2', 'F8_E4M3', 'F8_E8M0'].map((name) => [name, 8] as const),
  ...['I16', 'U16', 'F16', 'BF16'].map((name) => [name, 16] as const),
  ...['I32', 'U32', 'F32'].map((name) => [name, 32] as const),
  ...['C64', 'F64', 'I64', 'U64'].map((name) => [name, 64] as const),
]);

/**
 * The tensors of a safetensors file by the rules of its reference reader: the header is one JSON object that begins at the file's
 * ninth byte, with at most 127 levels; the tensors fill the rest without a gap, an overlap or a surplus byte; each has the size that its shape and type say.
 * https://github.com/huggingface/safetensors
 *
 * @returns null for what these rules refuse. `isCanonical` is false if the header isn't what JSON.stringify prints: then it may
 *   have a name twice, or a number or text that other readers of JSON refuse.
 */
export function plainSafetensors(
  bytes: Buffer,
): { tensors: Map<string, PlainTensor>; isCanonical: boolean } | null {
  if (bytes.length < 8) return null;
  let length = 0;
  for (let i = 7; i >= 0; i--) length = length * 256 + bytes[i];
  if (length > 100_000_000 || 8 + length > bytes.length) return null;
  let text: string;
  let header: Record<string, Record<string, unknown> | null>;
  try {
    text = new TextDecoder('utf8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + length));
    header = JSON.parse(text) as typeof header;
  } catch {
    return null;
  }
  if (!text.startsWith('{') || levelsOf(header) > MOST_LEVELS) return null;
  const isSize = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  const found: { name: string; isFloat: boolean; shape: number[]; begin: number; end: number }[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      const isObject = typeof entry === 'object' && !Array.isArray(entry);
      if (!isObject || !Object.values(entry ?? {}).every((value) => typeof value === 'string')) return null;
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = entry ?? {};
    const bits = TYPES.get(dtype);
    if (bits === undefined || !Array.isArray(shape) || !shape.every(isSize)) return null;
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) return null;
    const [begin, end] = offsets as [number, number];
    let size = bits;
    for (const one of shape as number[]) size *= one;
    if (8 * (end - begin) !== size) return null;
    found.push({ name, isFloat: dtype === 'F32', shape: shape as number[], begin, end });
  }
  found.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let place = 0;
  for (const { begin, end } of found) {
    if (begin !== place) return null;
    place = end;
  }
  if (8 + length + place !== bytes.length) return null;
  const tensors = new Map(
    found.map(({ name, isFloat, shape, begin, end }): [string, PlainTensor] => {
      const values: number[] = [];
      for (let at = begin; isFloat && at < end; at += 4) values.push(bytes.readFloatLE(8 + length + at));
      return [name, { shape, values: isFloat ? values : null }];
    }),
  );
  return { tensors, isCanonical: JSON.stringify(header) === text.trim() && !/\\ud[89a-f]/i.test(text) };
}
