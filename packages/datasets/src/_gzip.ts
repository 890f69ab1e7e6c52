import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, gunzip } from 'node:zlib';
import { messageOf, WeightmapError } from '@weightmap/core';
import { counted } from './_counted.js';

const inflate = promisify(gunzip);

/** Unpacked bytes of a file that doesn't say how long it is: stops a small file that unpacks without end. */
const MAX_BYTES = 2 ** 29;
/** Packed bytes that are unpacked to see how a file begins. */
const START = 512;

/**
 * The content of a file, unpacked if it is gzip (detected from its first bytes, not by its name: browsers
 * unpack a download without renaming it).
 *
 * @param lengthOf gives the length of the unpacked content from its first bytes, or null if it can't be known. A file that
 *   unpacks to more than that is refused; without a length the limit is 512 MiB.
 * @throws WeightmapError if it cannot be read, is truncated, damaged or unpacks to more than it should.
 */
export async function readMaybeGzip(
  file: string,
  lengthOf: (start: Uint8Array) => number | null = () => null,
): Promise<Uint8Array> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new WeightmapError(`A file cannot be read: ${messageOf(error)}`, { where: file }, { cause: error });
  });
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return plain(bytes);
  // A damaged beginning is named below, where all of it is unpacked.
  const start = await inflate(bytes.subarray(0, START), { finishFlush: constants.Z_SYNC_FLUSH }).catch(() =>
    Buffer.alloc(0),
  );
  const length = lengthOf(plain(start));
  // One byte more, so that a surplus is seen by whoever reads the content.
  const maxOutputLength = length === null ? MAX_BYTES : Math.min(length + 1, 2 ** 32 - 1);
  return plain(
    await inflate(bytes, { maxOutputLength }).catch((error: unknown) =>
      failed(file, bytes, { error, length, maxOutputLength }),
    ),
  );
}

function failed(
  file: string,
  bytes: Uint8Array,
  { error, length, maxOutputLength }: { error: unknown; length: number | null; maxOutputLength: number },
): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ERR_BUFFER_TOO_LARGE')
    throw new WeightmapError(
      `A gzip file unpacks to more than ${counted(maxOutputLength, 'byte', 'bytes')}.`,
      {
        where: file,
        expected:
          length === null
            ? `at most ${MAX_BYTES} bytes`
            : `${length} bytes, as the beginning of its content says`,
        fix: 'compare it with the published file; if it is right, unpack it and use the unpacked file',
      },
      { cause: error },
    );
  const cutShort = code === 'Z_BUF_ERROR';
  throw new WeightmapError(
    cutShort ? 'A gzip file is truncated.' : `A gzip file is damaged: ${messageOf(error)}.`,
    {
      where: file,
      expected: cutShort
        ? `more than the ${counted(bytes.length, 'byte', 'bytes')} found`
        : 'a gzip file whose check sums are right',
      fix: 'fetch it again',
    },
    { cause: error },
  );
}

/** Without Buffer's methods, which differ from Uint8Array's (`slice` shares memory). */
const plain = (bytes: Buffer) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
