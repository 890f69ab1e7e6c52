import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { messageOf, WeightmapError } from '@weightmap/core';

/** SHA-256 in hex, over all parts one after the other. */
export function sha256(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** @throws WeightmapError if the SHA-256 of a file's unpacked content is another than expected. */
export function checkSha256(file: string, found: string, expected: string): void {
  if (found !== expected)
    throw new WeightmapError(`The content of a file is not the published one: its SHA-256 is ${found}.`, {
      where: file,
      expected: `SHA-256 ${expected} (of the content, unpacked)`,
      fix: 'fetch it again; if it belongs to another dataset of the same format, use a loader for that one',
    });
}

/**
 * A file's checksum in hex, read piece by piece.
 *
 * @throws WeightmapError if it cannot be read.
 */
export async function checksumOfFile(file: string, algorithm: 'sha256' | 'md5'): Promise<string> {
  const hash = createHash(algorithm);
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  } catch (error) {
    throw new WeightmapError(`A file cannot be read: ${messageOf(error)}`, { where: file }, { cause: error });
  }
  return hash.digest('hex');
}

/** @throws WeightmapError if a file, as it is, has another MD5 than expected. */
export async function checkMd5(file: string, expected: string): Promise<void> {
  const found = await checksumOfFile(file, 'md5');
  if (found !== expected)
    throw new WeightmapError(`A file is not the published one: its MD5 is ${found}.`, {
      where: file,
      expected: `MD5 ${expected}`,
      fix: 'fetch it again; if it belongs to another dataset, move it to another folder',
    });
}
