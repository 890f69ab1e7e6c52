import { createHash } from 'node:crypto';
import { WeightmapError } from '@weightmap/core';

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
      fix: 'delete it and fetch it again, or move it away if it belongs to another dataset',
    });
}
