/**
 * Seeded changes of valid inputs: flipped bits, lengths and numbers at their extremes, blocks cut, copied and inserted, two
 * inputs joined, and for JSON changes of its structure.
 *
 * @module
 */
import type { RandomStream } from '@weightmap/core';
import { changeJson, numbers, strings } from './_json-changes.js';

/** Larger inputs say nothing more, and cost time. */
const MAX_BYTES = 2 ** 20;

/** Finds the JSON in a file, and puts another in its place. */
export interface JsonPart {
  /** Null if the bytes have none. */
  read: (bytes: Buffer) => string | null;
  /** The same file with another JSON; lengths that depend on it are right again. */
  write: (json: string, bytes: Buffer) => Buffer;
}

/** A file that is JSON and nothing else. */
export const wholeJson: JsonPart = {
  read: (bytes) => bytes.toString(),
  write: (json) => Buffer.from(`${json}\n`),
};

/** A changed copy of one of the inputs, which stay as they are. */
export function mutate(
  inputs: readonly Buffer[],
  random: RandomStream,
  { json, isText = json === wholeJson }: { json?: JsonPart; isText?: boolean } = {},
): Buffer {
  let bytes = oneOf(inputs, random);
  if (json && random.uniform() < 0.6) {
    const text = json.read(bytes);
    const changed = text === null ? null : changeJson(text, random);
    if (changed !== null) bytes = json.write(changed, bytes);
    if (random.uniform() < 0.8) return bytes.subarray(0, MAX_BYTES);
  }
  const changes = 1 + random.integer(4);
  for (let i = 0; i < changes; i++) {
    const change = isText && random.uniform() < 0.5 ? oneOf(textChanges, random) : oneOf(byteChanges, random);
    bytes = change(bytes, random, inputs);
  }
  return bytes.subarray(0, MAX_BYTES);
}

type Change = (bytes: Buffer, random: RandomStream, inputs: readonly Buffer[]) => Buffer;

export const oneOf = <Item>(items: readonly Item[], random: RandomStream): Item =>
  items[random.integer(items.length)];

/** A place in the bytes, as often as not near their beginning, where headers are. */
function placeIn(bytes: Buffer, random: RandomStream): number {
  const end = random.uniform() < 0.5 ? Math.min(64, bytes.length) : bytes.length;
  return end === 0 ? 0 : random.integer(end);
}

/** A length from 1, short ones more often. */
const lengthUpTo = (most: number, random: RandomStream) =>
  1 + Math.floor(Math.max(0, most - 1) * random.uniform() ** 4);

const joined = (...parts: readonly Uint8Array[]) => Buffer.concat(parts);

/** Integers of a width at which parsers go wrong. */
const extremes = (bits: bigint) => [
  0n,
  1n,
  (1n << bits) - 1n,
  1n << (bits - 1n),
  (1n << (bits - 1n)) - 1n,
  1n << (bits / 2n),
];

const byteChanges: readonly Change[] = [
  function flipBit(bytes, random) {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[placeIn(copy, random)] ^= 1 << random.integer(8);
    return copy;
  },
  function setByte(bytes, random) {
    const copy = Buffer.from(bytes);
    if (copy.length > 0)
      copy[placeIn(copy, random)] = oneOf([0, 1, 0x7f, 0x80, 0xff, random.integer(256)], random);
    return copy;
  },
  function setInteger(bytes, random) {
    const copy = Buffer.from(bytes);
    const width = oneOf([2, 4, 8], random);
    if (copy.length < width) return copy;
    const place = Math.min(placeIn(copy, random) & ~(width - 1), copy.length - width);
    const value = oneOf([...extremes(BigInt(8 * width)), BigInt(copy.length)], random);
    for (let i = 0; i < width; i++) copy[place + i] = Number((value >> BigInt(8 * i)) & 0xffn);
    if (random.uniform() < 0.5) copy.subarray(place, place + width).reverse();
    return copy;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random.integer(bytes.length + 1));
  },
  function insert(bytes, random) {
    const place = placeIn(bytes, random);
    const added = Buffer.alloc(lengthUpTo(4096, random), random.integer(256));
    return joined(bytes.subarray(0, place), added, bytes.subarray(place));
  },
  function insertNoise(bytes, random) {
    const place = placeIn(bytes, random);
    const added = Buffer.from(Array.from({ length: lengthUpTo(64, random) }, () => random.integer(256)));
    return joined(bytes.subarray(0, place), added, bytes.subarray(place));
  },
  function cut(bytes, random) {
    const place = placeIn(bytes, random);
    return joined(bytes.subarray(0, place), bytes.subarray(place + lengthUpTo(bytes.length - place, random)));
  },
  function copyBlock(bytes, random) {
    const from = placeIn(bytes, random);
    const block = bytes.subarray(from, from + lengthUpTo(bytes.length - from, random));
    const to = placeIn(bytes, random);
    const replaced = random.uniform() < 0.5 ? block.length : 0;
    return joined(bytes.subarray(0, to), block, bytes.subarray(to + replaced));
  },
  function splice(bytes, random, inputs) {
    const other = oneOf(inputs, random);
    return joined(bytes.subarray(0, placeIn(bytes, random)), other.subarray(placeIn(other, random)));
  },
];

/** Replaces the first match from a random place on. */
function replaceAt(bytes: Buffer, pattern: RegExp, text: string, random: RandomStream): Buffer {
  const all = bytes.toString('latin1');
  const start = random.integer(all.length + 1);
  const rest = all.slice(start);
  return Buffer.from(
    all.slice(0, start) + rest.replace(pattern, () => Buffer.from(text).toString('latin1')),
    'latin1',
  );
}

const textChanges: readonly Change[] = [
  function changeNumber(bytes, random) {
    return replaceAt(bytes, /-?\d+(\.\d+)?(e[+-]?\d+)?/i, oneOf(numbers, random), random);
  },
  function changeWord(bytes, random) {
    return replaceAt(bytes, /[\w.-]+/, oneOf(strings, random), random);
  },
  function insertText(bytes, random) {
    const place = placeIn(bytes, random);
    return joined(bytes.subarray(0, place), Buffer.from(oneOf(strings, random)), bytes.subarray(place));
  },
  function repeatLine(bytes, random) {
    const lines = bytes.toString('latin1').split('\n');
    lines.splice(random.integer(lines.length), 0, oneOf(lines, random));
    return Buffer.from(lines.join('\n'), 'latin1');
  },
  function swapMark(bytes, random) {
    const marks = [',', '"', "'", ':', '{', '}', '[', ']', '\n', '\r\n', '\t', '\\', '&a', '*a', '#', '- '];
    return replaceAt(bytes, /[^\w\s]/, oneOf(marks, random), random);
  },
];
