import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { messageOf, WeightmapError } from '@weightmap/core';
import { JSONParser } from '@streamparser/json';
import { pathBelow, textOf, type WildImage, type WildList } from './_wild-images.js';

/** What the lists say of one image, whichever comes first. */
interface Entry {
  /** Null until it has been in the list of images. */
  file: string | null;
  sequence: string | null;
  location: string | null;
  /** Its category, or all of them if annotations name several; null while none does. */
  named: string | Set<string> | null;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The images of the wanted classes out of a COCO camera-traps JSON, read piece by piece: what is kept grows with the
 * number of images (less than half a kB each), not with the file.
 *
 * An image whose annotations name two classes is left out.
 *
 * @throws WeightmapError if the file cannot be read, is no JSON (with the position) or breaks off, lacks a list or a
 *   class, has an id twice, or names a category or an image that is not there.
 */
export async function readCocoJson(file: string, classes: readonly string[]): Promise<WildList> {
  const entries = new Map<string, Entry>();
  const categories = new Map<string, string>();
  const interned = intern();
  const entryOf = (id: string): Entry => {
    const entry = entries.get(id) ?? { file: null, sequence: null, location: null, named: null };
    entries.set(id, entry);
    return entry;
  };

  const takers: Record<string, (fields: Fields, where: string) => void> = {
    images(fields, where) {
      const id = idOf(fields, 'id', where);
      const entry = entryOf(id);
      if (entry.file !== null) throw twice(`image ${id}`, where);
      entry.file = pathBelow(fields.file_name, where);
      entry.sequence = interned(textOf(fields.seq_id));
      entry.location = interned(textOf(fields.location));
    },
    categories(fields, where) {
      const id = idOf(fields, 'id', where);
      if (categories.has(id)) throw twice(`category ${id}`, where);
      categories.set(id, idOf(fields, 'name', where));
    },
    annotations(fields, where) {
      const entry = entryOf(idOf(fields, 'image_id', where));
      const category = interned(idOf(fields, 'category_id', where));
      if (entry.named === null) entry.named = category;
      else if (typeof entry.named !== 'string') entry.named.add(category!);
      else if (entry.named !== category) entry.named = new Set([entry.named, category!]);
    },
  };
  await eachEntry(file, Object.keys(takers), (list, fields, index) =>
    takers[list](fields, `${list}[${index}] of ${file}`),
  );

  const counts = {
    images: [...entries.values()].filter((entry) => entry.file !== null).length,
    annotations: [...entries.values()].filter(({ named }) => named !== null).length,
    categories: categories.size,
  };
  for (const [list, count] of Object.entries(counts))
    if (count === 0)
      throw new WeightmapError(`A COCO JSON has no ${list}.`, {
        where: file,
        expected: `the lists ${Object.keys(counts).join(', ')}`,
        fix: 'fetch it again',
      });
  return chosen({ file, entries, categories, labels: labelsOf(categories, classes, file) });
}

const categoriesOf = ({ named }: Entry): Iterable<string> =>
  named === null ? [] : typeof named === 'string' ? [named] : named;

/** The images of one class each, if it is wanted. */
function chosen({
  file,
  entries,
  categories,
  labels,
}: {
  file: string;
  entries: ReadonlyMap<string, Entry>;
  categories: ReadonlyMap<string, string>;
  /** By category id. */
  labels: ReadonlyMap<string, number>;
}): WildList {
  const images: WildImage[] = [];
  const byFile = new Map<string, WildImage | null>();
  let ofTwoClasses = 0;
  let twice = 0;
  for (const [id, entry] of entries) {
    const names = [...categoriesOf(entry)];
    const unknown = names.find((category) => !categories.has(category));
    if (unknown !== undefined)
      throw new WeightmapError(`The category ${unknown} is not known.`, {
        where: `an annotation of image ${id} in ${file}`,
        expected: [...categories].map(([key, name]) => `${key} (${name})`).join(', '),
        fix: 'fetch it again',
      });
    if (entry.file === null)
      throw new WeightmapError(`An annotation is of image ${id}, which is not listed.`, {
        where: file,
        expected: 'every annotated image among the images',
        fix: 'fetch it again',
      });
    const label = labels.get(names[0]);
    if (names.length > 1) ofTwoClasses += names.some((category) => labels.has(category)) ? 1 : 0;
    else if (label !== undefined) {
      const image = { id, file: entry.file, label, sequence: entry.sequence, location: entry.location };
      const before = byFile.get(entry.file);
      if (before === undefined) images.push(image);
      else twice++;
      // One photo under two ids counts once; with two labels it has none.
      byFile.set(entry.file, before === undefined ? image : before?.label === label ? before : null);
    }
  }
  const kept = images.filter((image) => byFile.get(image.file) === image);
  return {
    images: kept,
    notes: [
      ...(ofTwoClasses > 0
        ? [`${ofTwoClasses} images whose annotations name two classes are left out.`]
        : []),
      ...(twice > 0
        ? [
            `${twice} images are listed a second time under another id; each photo is used once, and ${images.length - kept.length} whose classes differ are left out.`,
          ]
        : []),
    ],
  };
}

function labelsOf(
  categories: ReadonlyMap<string, string>,
  classes: readonly string[],
  file: string,
): Map<string, number> {
  const labels = new Map<string, number>();
  for (const [id, name] of categories) {
    const label = classes.indexOf(name.toLowerCase());
    if (label >= 0) labels.set(id, label);
  }
  const missing = classes.filter((_, label) => ![...labels.values()].includes(label));
  if (missing.length > 0)
    throw new WeightmapError(`${missing.join(', ')}: no category of this list.`, {
      where: `${file} has the categories ${[...categories.values()].join(', ')}`,
      expected: classes.join(', '),
    });
  return labels;
}

/** Calls `take` for every object of these top-level lists, in the file's order. @throws WeightmapError also if one is there twice. */
async function eachEntry(
  file: string,
  lists: readonly string[],
  take: (list: string, fields: Fields, index: number) => void,
): Promise<void> {
  const parser = new JSONParser({ paths: lists.map((name) => `$.${name}.*`), keepStack: false });
  keepMarks(parser);
  const begun = new Set<string>();
  parser.onValue = ({ value, key, stack }) => {
    const list = String(stack.at(-1)?.key);
    if (typeof key !== 'number' || typeof value !== 'object' || value === null || Array.isArray(value))
      throw new WeightmapError(`${list} is no list of objects.`, { where: `${list}[${key}] of ${file}` });
    if (key === 0 && begun.has(list)) throw twice(`list ${list}`, file);
    begun.add(list);
    take(list, value, key);
  };
  let read = 0;
  let position = 0;
  parser.onToken = ({ offset }) => (position = offset);
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 18 }) as AsyncIterable<Buffer>) {
      parser.write(chunk);
      read += chunk.length;
    }
    if (!parser.isEnded) throw new Error(`it breaks off after ${read} bytes`);
  } catch (error) {
    if (error instanceof WeightmapError) throw error;
    const form = await otherForm(file, position).catch(() => null);
    throw new WeightmapError(
      `A JSON cannot be read: ${form?.is ?? messageOf(error)}, near byte ${position}.`,
      { where: file, expected: 'a whole COCO camera-traps JSON', fix: form?.fix ?? 'fetch it again' },
      { cause: error },
    );
  }
}

/**
 * Makes the parser keep U+FEFF at the start of a text, as JSON.parse does: its decoder drops it there, as if it were the file's
 * byte order mark.
 */
function keepMarks(parser: JSONParser): void {
  const { tokenizer } = parser as unknown as { tokenizer: { bufferedString: { decoder: object } } };
  tokenizer.bufferedString.decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
}

/** Why a good file isn't read as JSON, if a common reason shows near the place where reading stopped. */
async function otherForm(file: string, position: number): Promise<{ is: string; fix: string } | null> {
  const bytesAt = async (place: number, count: number) => {
    const handle = await open(file);
    const { buffer, bytesRead } = await handle
      .read(Buffer.alloc(count), 0, count, place)
      .finally(() => handle.close());
    return buffer.subarray(0, bytesRead);
  };
  const start = await bytesAt(0, 2);
  if (['fffe', 'feff'].includes(start.toString('hex')))
    return { is: 'it is in UTF-16', fix: 'write it again in UTF-8' };
  const [literal] =
    /-?(NaN|Infinity)\b/.exec((await bytesAt(Math.max(0, position - 16), 64)).toString('latin1')) ?? [];
  if (literal === undefined) return null;
  return {
    is: `it has ${literal}, which JSON doesn't allow (Python's json writes it)`,
    fix: 'write it again with null in those places: json.dumps(…, allow_nan=False) finds them',
  };
}

function idOf(fields: Fields, name: string, where: string): string {
  const id = textOf(fields[name]);
  if (id === null)
    throw new WeightmapError(`${name} is ${JSON.stringify(fields[name]) ?? 'missing'}.`, {
      where: `${where}, which has ${Object.keys(fields).join(', ')}`,
      expected: 'a text or a number',
      fix: 'fetch it again',
    });
  return id;
}

const twice = (what: string, where: string) =>
  new WeightmapError(`The ${what} is there a second time.`, {
    where,
    expected: 'every id and every list once',
    fix: 'fetch it again',
  });

/** Gives equal texts as one, so that a hundred thousand names of a hundred cameras take no room. */
function intern(): (text: string | null) => string | null {
  const known = new Map<string, string>();
  return (text) => {
    if (text === null) return null;
    if (!known.has(text)) known.set(text, text);
    return known.get(text)!;
  };
}
