import { createReadStream } from 'node:fs';
import { messageOf, WeightmapError } from '@weightmap/core';
import { JSONParser } from '@streamparser/json';
import { counted } from './_counted.js';
import { formNear, formOfOutline, LISTS, Outline } from './_json-forms.js';

export type Fields = Readonly<Record<string, unknown>>;

/** Of every COCO list, for errors. */
export const EXPECTED = `the lists ${LISTS.join(', ')}`;

/**
 * Calls `take` for every object of these top-level lists, in the file's order.
 *
 * @returns the outermost keys.
 * @throws WeightmapError also if a list is there twice, or if the JSON is of another form than a COCO list.
 */
export async function eachEntry(
  file: string,
  lists: readonly string[],
  take: (list: string, fields: Fields, index: number) => void,
): Promise<Outline> {
  const outline = new Outline();
  const parser = new JSONParser({ paths: lists.map((name) => `$.${name}.*`), keepStack: false });
  readAsJsonParse(parser);
  const begun = new Set<string>();
  parser.onValue = ({ value, key, stack }) => {
    const list = String(stack.at(-1)?.key);
    if (typeof key !== 'number' || typeof value !== 'object' || value === null || Array.isArray(value))
      throw new WeightmapError(`${list} is no list of objects.`, {
        where: `${list}[${key}] of ${file}`,
        expected: `${EXPECTED}, each a list of objects`,
        fix: 'write them as lists of objects ({"images": [{…}, …], …})',
      });
    if (key === 0 && begun.has(list)) throw twice(`list ${list}`, file);
    begun.add(list);
    take(list, value, key);
  };
  let read = 0;
  let position = 0;
  parser.onToken = ({ token, value, offset }) => {
    position = offset;
    outline.take(token, value);
  };
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 18 }) as AsyncIterable<Buffer>) {
      // A byte order mark is no part of the JSON; programs of Windows write one.
      parser.write(read === 0 && chunk.subarray(0, 3).equals(MARK) ? chunk.subarray(3) : chunk);
      read += chunk.length;
    }
    if (!parser.isEnded) throw new Error(`it breaks off after ${counted(read, 'byte', 'bytes')}`);
  } catch (error) {
    const other = error instanceof WeightmapError ? formOfOutline(outline) : null;
    if (other) throw otherForm(other, placeOf(outline, file), error);
    if (error instanceof WeightmapError) throw error;
    const form = await formNear(file, position).catch(() => null);
    throw new WeightmapError(
      `A JSON cannot be read: ${form?.is ?? messageOf(error)}, near byte ${position}.`,
      { where: file, expected: 'a whole COCO camera-traps JSON', fix: form?.fix ?? 'fetch it again' },
      { cause: error },
    );
  }
  const other = formOfOutline(outline);
  if (other) throw otherForm(other, placeOf(outline, file));
  return outline;
}

/** A file with its outermost keys, for errors. */
export const placeOf = ({ keys }: Outline, file: string) =>
  keys.size > 0 ? `${file} has the keys ${[...keys].join(', ')}` : file;

const otherForm = ({ what, fix }: { what: string; fix: string }, where: string, cause?: unknown) =>
  new WeightmapError(what, { where, expected: `a list of labelled images: ${EXPECTED}`, fix }, { cause });

const MARK = Buffer.from('\ufeff');

/** A state of the parser in which a value or a mark of JSON comes next. */
const START = 0;

/**
 * Makes the parser take U+FEFF for what JSON.parse takes it: it drops it at the start of a text and between brackets, as if it were the
 * file's byte order mark.
 */
function readAsJsonParse(parser: JSONParser): void {
  const { tokenizer } = parser as unknown as {
    tokenizer: { bufferedString: { decoder: object }; state: number };
  };
  tokenizer.bufferedString.decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  tokenizer.state = START;
}

/** An id or a list that is there again. */
export const twice = (what: string, where: string) =>
  new WeightmapError(`The ${what} is there a second time.`, {
    where,
    expected: 'every id and every list once',
    fix: 'keep one of the two in the list',
  });
