import { join } from 'node:path';
import { WeightmapError } from '@weightmap/core';
import { readIfThere, writeWhole } from '@weightmap/core/files';
import { sha256 } from './_checksum.js';
import { cacheFolder } from './_locate.js';

/** Decoded images and what is to be known of them. */
export interface Decoded<About> {
  /** Plain data, kept as JSON. */
  readonly about: About;
  readonly bytes: Uint8Array;
}

/** Raised when what is kept changes its form: older files are then made anew. */
const FORMAT = 'weightmap decoded images 2';

/**
 * Decoded images out of the cache, or made and put there, whole or not at all.
 *
 * The file is `<cache>/<id>/decoded/<key>.images`: one line of JSON with a checksum of all the rest, one of `about`,
 * then the bytes. A file that is damaged is made anew, and so is one that `stillHolds` refuses.
 *
 * @param key of the source: images of another source never answer to it.
 * @returns also a note if the cache cannot be used; the images are there all the same.
 */
export async function throughCache<About>(
  {
    id,
    key,
    stillHolds,
  }: { id: string; key: string; stillHolds: (kept: Decoded<About>) => boolean | Promise<boolean> },
  make: () => Promise<Decoded<About>>,
): Promise<Decoded<About> & { note: string | null }> {
  const file = join(cacheFolder(id), 'decoded', `${key}.images`);
  const kept = await readIfThere(file).then(
    (content) => content && unpack<About>(content),
    () => null,
  );
  if (kept && (await holds(kept, stillHolds))) return { ...kept, note: null };

  const made = await make();
  try {
    await writeWhole(file, pack(made));
    return { ...made, note: null };
  } catch (error) {
    if (!(error instanceof WeightmapError)) throw error;
    return {
      ...made,
      note: `The decoded images could not be kept for next time: ${error.message} (${file}).`,
    };
  }
}

/** What isn't of the expected form doesn't hold. */
async function holds<About>(
  kept: Decoded<About>,
  stillHolds: (kept: Decoded<About>) => boolean | Promise<boolean>,
): Promise<boolean> {
  try {
    return await stillHolds(kept);
  } catch {
    return false;
  }
}

function pack({ about, bytes }: Decoded<unknown>): Buffer {
  const line = Buffer.from(`${JSON.stringify(about)}\n`);
  const head = Buffer.from(`${JSON.stringify({ format: FORMAT, sha256: sha256(line, bytes) })}\n`);
  return Buffer.concat([head, line, bytes]);
}

/** Null if it is not whole. */
function unpack<About>(content: Buffer): Decoded<About> | null {
  const headEnd = content.indexOf('\n') + 1;
  const lineEnd = content.indexOf('\n', headEnd) + 1;
  if (headEnd === 0 || lineEnd === 0) return null;
  const line = content.subarray(headEnd, lineEnd);
  const bytes = content.subarray(lineEnd);
  const head = JSON.stringify({ format: FORMAT, sha256: sha256(line, bytes) });
  if (content.toString('utf8', 0, headEnd - 1) !== head) return null;
  let about: About;
  try {
    about = JSON.parse(line.toString()) as About;
  } catch {
    return null;
  }
  return {
    about,
    bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  };
}
