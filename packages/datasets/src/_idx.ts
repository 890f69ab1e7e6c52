import { WeightmapError } from '@weightmap/core';

/** An array of bytes as an IDX file holds it. */
export interface IdxArray {
  /** Sizes, outermost first: [count, rows, columns] for images, [count] for labels. */
  readonly shape: readonly number[];
  /** Row-major; shares memory with the file's bytes. */
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Reads an IDX file of unsigned bytes: two zero bytes, the element type (0x08), the number of
 * dimensions, each dimension as a big-endian 32-bit integer, then the elements and nothing else.
 *
 * @param bytes the file's content, unpacked.
 * @param file named in errors.
 * @param inner the dimensions after the count: [rows, columns] for images, [] for labels.
 * @throws WeightmapError if the magic number, the dimensions or the length are others.
 */
export function parseIdx(bytes: Uint8Array, file: string, inner: readonly number[]): IdxArray {
  const dimensions = inner.length + 1;
  const header = 4 + 4 * dimensions;
  const magic = (UNSIGNED_BYTE << 8) | dimensions;
  const fail = (what: string, expected: string): never => {
    throw new WeightmapError(what, { where: file, expected, fix: 'delete it and fetch it again' });
  };
  if (bytes.length < 4)
    fail(`The file holds ${bytes.length} bytes.`, `an IDX file: a header of ${header} bytes and data`);

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== magic)
    fail(
      `The file begins with ${hex(view.getUint32(0))}.`,
      `${hex(magic)}, the IDX magic number of ${dimensions === 1 ? 'labels' : `a ${dimensions}-dimensional array of bytes`}`,
    );
  if (bytes.length < header) fail(`The header breaks off after ${bytes.length} bytes.`, `${header} bytes`);

  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  if (inner.some((size, i) => shape[i + 1] !== size))
    fail(`The images are ${shape.slice(1).join('×')}.`, inner.join('×'));
  if (shape[0] === 0) fail('The file says that it holds nothing.', 'a count of at least 1');

  const length = shape.reduce((product, size) => product * size, 1);
  const found = bytes.length - header;
  if (found !== length)
    fail(
      found < length
        ? `The file is truncated: ${found} bytes follow its header.`
        : `${found - length} bytes too many follow the data.`,
      `${shape.join('×')} = ${length} bytes after the header`,
    );
  return { shape, data: bytes.subarray(header) };
}

const hex = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;
