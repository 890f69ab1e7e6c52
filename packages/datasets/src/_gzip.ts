import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { messageOf, WeightmapError } from '@weightmap/core';

const inflate = promisify(gunzip);

/** More than any file read whole in this package; stops a small file that unpacks without end. */
const MAX_BYTES = 2 ** 29;

/**
 * The content of a file, unpacked if it is gzip (detected from its first bytes, not by its name: browsers
 * unpack a download without renaming it).
 *
 * @throws WeightmapError if it cannot be read, is cut short or is damaged.
 */
export async function readMaybeGzip(file: string): Promise<Uint8Array> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new WeightmapError(`A file cannot be read: ${messageOf(error)}`, { where: file }, { cause: error });
  });
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return plain(bytes);
  return plain(
    await inflate(bytes, { maxOutputLength: MAX_BYTES }).catch((error: unknown) =>
      damaged(file, bytes, error),
    ),
  );
}

function damaged(file: string, bytes: Uint8Array, error: unknown): never {
  const cutShort = (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
  throw new WeightmapError(
    cutShort ? 'A gzip file is truncated.' : `A gzip file is damaged: ${messageOf(error)}.`,
    {
      where: file,
      expected: cutShort
        ? `more than the ${bytes.length} bytes found`
        : 'a gzip file whose check sums are right',
      fix: 'delete it and fetch it again',
    },
    { cause: error },
  );
}

/** Without Buffer's methods, which differ from Uint8Array's (`slice` shares memory). */
const plain = (bytes: Buffer) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
