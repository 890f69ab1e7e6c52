import { WeightmapError } from '@weightmap/core';
import { counted } from './_counted.js';

/** An array of bytes as an IDX file holds it. */
export interface IdxArray {
  /** Sizes, outermost first: [count, rows, columns] for images, [count] for labels. */
  readonly shape: readonly number[];
  /** Row-major; shares memory with the file's bytes. */
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/** The element types of the IDX format by their code: name and bytes. */
const ELEMENT_TYPES: Readonly<Record<number, readonly [name: string, bytes: number]>> = {
  0x08: ['bytes', 1],
  0x09: ['signed bytes', 1],
  0x0b: ['16-bit integers', 2],
  0x0c: ['32-bit integers', 4],
  0x0d: ['32-bit floats', 4],
  0x0e: ['64-bit floats', 8],
};

interface IdxHeader {
  readonly type: number;
  readonly shape: readonly number[];
  /** Bytes of the header and of the whole file. */
  readonly header: number;
  readonly total: number;
}

/** The header of an IDX file of any element type, or null if the bytes don't begin with one. */
function headerOf(bytes: Uint8Array): IdxHeader | null {
  const [zero, alsoZero, type, dimensions] = bytes;
  const header = 4 + 4 * dimensions;
  if (zero !== 0 || alsoZero !== 0 || !(type in ELEMENT_TYPES) || dimensions === 0) return null;
  if (bytes.length < header) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const elements = shape.reduce((product, size) => product * size, 1);
  return { type, shape, header, total: header + elements * ELEMENT_TYPES[type][1] };
}

/** Bytes that an IDX file has according to its header; null if these bytes don't begin with a whole header. */
export const idxLength = (start: Uint8Array): number | null => headerOf(start)?.total ?? null;

/**
 * Reads an IDX file of unsigned bytes: two zero bytes, the element type (0x08), the number of
 * dimensions, each dimension as a big-endian 32-bit integer, then the elements and nothing else.
 *
 * @param bytes the file's content, unpacked.
 * @param file named in errors.
 * @param inner the dimensions after the count: [rows, columns] for images, [] for labels.
 * @throws WeightmapError if it isn't such a file. The message names the form of a good file in another form: another
 *   element type, other dimensions, a web page, an archive, a NumPy file.
 */
export function parseIdx(bytes: Uint8Array, file: string, inner: readonly number[]): IdxArray {
  const dimensions = inner.length + 1;
  const magic = (UNSIGNED_BYTE << 8) | dimensions;
  const wanted = `${hex(magic)}, the IDX magic number of ${dimensions === 1 ? 'labels' : `a ${dimensions}-dimensional array of bytes`}`;
  const fail = (what: string, expected: string, fix = 'fetch it again'): never => {
    throw new WeightmapError(what, { where: file, expected, fix });
  };
  if (bytes.length < 4)
    fail(
      `The file holds ${counted(bytes.length, 'byte', 'bytes')}.`,
      `an IDX file: a header of ${4 + 4 * dimensions} bytes and data`,
    );

  const begin = hex(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0));
  const found = headerOf(bytes);
  if (found === null && begin !== hex(magic)) {
    const form = otherForm(bytes);
    fail(
      form ? `The file is ${form}; it begins with ${begin}.` : `The file begins with ${begin}.`,
      wanted,
      form ? 'put the IDX file in its place' : undefined,
    );
  }
  if (found === null)
    return fail(
      `The header breaks off after ${counted(bytes.length, 'byte', 'bytes')}.`,
      `${4 + 4 * dimensions} bytes`,
    );

  const { type, shape, header, total } = found;
  const what = `${shape.join('×')} ${ELEMENT_TYPES[type][0]}`;
  if (type !== UNSIGNED_BYTE || shape.length !== dimensions)
    fail(
      `The file is an IDX array of ${what}; it begins with ${begin}.`,
      wanted,
      shape.length === 2 && shape[1] === 8
        ? 'these are labels as QMNIST has them; write their first column as bytes to another file'
        : 'convert it to bytes of that shape, in another file',
    );
  if (inner.some((size, i) => shape[i + 1] !== size))
    fail(
      `The images are ${shape.slice(1).join('×')}.`,
      inner.join('×'),
      'this loader reads images of one size; resize them, or write a loader for theirs (docs/guides/your-own-dataset.md)',
    );
  if (shape[0] === 0) fail('The file says that it holds nothing.', 'a count of at least 1');
  if (bytes.length !== total)
    fail(
      bytes.length < total
        ? `The file is truncated: ${counted(bytes.length - header, 'byte follows', 'bytes follow')} its header.`
        : `${counted(bytes.length - total, 'byte too many follows', 'bytes too many follow')} the data.`,
      `${shape.join('×')} = ${counted(total - header, 'byte', 'bytes')} after the header`,
    );
  return { shape, data: bytes.subarray(header) };
}

/** The name of a common form of file that these bytes begin, or null. */
function otherForm(bytes: Uint8Array): string | null {
  const text = String.fromCharCode(...bytes.subarray(0, 64));
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) return 'a web page, perhaps the error page of a server';
  if (text.startsWith('PK')) return 'a zip archive (or a NumPy .npz)';
  if (text.startsWith('\x93NUMPY')) return 'a NumPy .npy';
  if (text.startsWith('\x89HDF')) return 'an HDF5 file';
  if (text.startsWith('\x80')) return 'a Python pickle';
  if (text.startsWith('version https://git-lfs')) return 'a Git LFS pointer, not the file itself';
  return null;
}

const hex = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;
