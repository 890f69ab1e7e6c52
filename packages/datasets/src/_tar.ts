import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import { createGunzip } from 'node:zlib';
import { messageOf, WeightmapError } from '@weightmap/core';
import { Parser, type ReadEntry } from 'tar';
import { counted } from './_counted.js';

export interface TarOptions {
  /** Whether a file's content is wanted; the others are checked and passed over. */
  want: (path: string) => boolean;
  /** Bytes that a wanted file may have. */
  maxFileBytes: number;
  /** Bytes that all entries together may have: stops a small archive that unpacks without end. */
  maxBytes?: number;
}

const FILES = ['File', 'OldFile', 'ContiguousFile'];
const FOLDERS = ['Directory'];

/**
 * The wanted files of a tar archive, plain or gzip, by their paths without a leading `./`.
 *
 * Nothing is written to the disk. All the same an archive is refused that no honest packer makes: with paths that
 * leave the folder, links, devices, one path twice, or sizes beyond the limits.
 *
 * @throws WeightmapError if it cannot be read, is cut short, damaged or refused.
 */
export async function readTar(
  file: string,
  { want, maxFileBytes, maxBytes = 2 ** 30 }: TarOptions,
): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  const parser = new Parser({ strict: true });
  let total = 0;
  let complete = false;
  let failure: unknown = null;
  const fail = (error: unknown) => (failure ??= error);

  parser.on('entry', (entry: ReadEntry) => {
    const path = entry.path.replace(/^(\.\/+)+/, '');
    total += entry.size;
    const refused = reasonToRefuse(entry);
    const wanted = FILES.includes(entry.type) && want(path);
    if (refused) fail(refusal(file, `${entry.path} ${refused}`));
    else if (wanted && contents.has(path)) fail(refusal(file, `${entry.path} is in it twice`));
    else if (wanted && entry.size > maxFileBytes)
      fail(
        refusal(
          file,
          `${entry.path} has ${counted(entry.size, 'byte', 'bytes')}`,
          `at most ${maxFileBytes} bytes a file`,
        ),
      );
    else if (total > maxBytes)
      fail(refusal(file, `up to ${entry.path} it has ${total} bytes`, `at most ${maxBytes} bytes in all`));
    if (failure !== null || !wanted) return void entry.resume();
    const chunks: Buffer[] = [];
    entry.on('data', (chunk) => chunks.push(chunk));
    entry.on('end', () => contents.set(path, Buffer.concat(chunks)));
  });
  parser.on('eof', () => (complete = true));
  parser.on('error', (error: unknown) => fail(damaged(file, error)));

  try {
    let unpacked = 0;
    for await (const chunk of unpackedChunks(file)) {
      unpacked += chunk.length;
      // Headers and padding add at most 1 KiB to an entry, and may end an archive: far less than its files.
      if (unpacked > 2 * maxBytes)
        fail(
          refusal(file, `it unpacks to more than ${2 * maxBytes} bytes`, `at most ${maxBytes} bytes in all`),
        );
      // Every entry flows, so the parser has worked through a chunk when it returns. What follows the mark of the
      // archive's end is unpacked to check the gzip file's check sum, but not parsed.
      if (!complete) parser.write(chunk);
      if (failure !== null) break;
    }
    if (failure === null && !complete) parser.end();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    fail(
      code?.startsWith('Z_')
        ? damaged(file, error)
        : new WeightmapError(`A file cannot be read: ${messageOf(error)}`, { where: file }, { cause: error }),
    );
  }
  if (failure === null && !complete) fail(damaged(file, new Error('the mark of its end is missing')));
  if (failure !== null) throw failure as Error;
  return contents;
}

/** Unpacked bytes within which the first paths of an archive are looked for. */
const BEGINNING = 2 ** 20;

/** The paths of the files that an archive begins with: of those whose headers lie in its first MiB. Hidden ones are left out. */
export async function firstPathsOf(file: string): Promise<string[]> {
  const paths: string[] = [];
  const parser = new Parser();
  parser.on('entry', (entry: ReadEntry) => {
    const path = entry.path.replace(/^(\.\/+)+/, '');
    if (FILES.includes(entry.type) && !posix.basename(path).startsWith('.')) paths.push(path);
    entry.resume();
  });
  let failed = false;
  parser.on('error', () => (failed = true));
  let unpacked = 0;
  try {
    for await (const chunk of unpackedChunks(file)) {
      parser.write(chunk);
      unpacked += chunk.length;
      if (failed || unpacked > BEGINNING) break;
    }
  } catch {
    // Damage is named where the whole archive is read.
  }
  return paths;
}

/** A file's content in small pieces, unpacked if it is gzip: the tar parser's own unpacking takes quadratic time. */
async function* unpackedChunks(file: string): AsyncGenerator<Buffer> {
  const handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0).finally(() => handle.close());
  const packed = createReadStream(file);
  const isGzip = buffer[0] === 0x1f && buffer[1] === 0x8b;
  if (!isGzip) {
    yield* packed as AsyncIterable<Buffer>;
    return;
  }
  const unpacked = createGunzip();
  packed.on('error', (error) => unpacked.destroy(error));
  try {
    yield* packed.pipe(unpacked) as AsyncIterable<Buffer>;
  } finally {
    packed.destroy();
  }
}

function reasonToRefuse({ path, type }: ReadEntry): string | null {
  if (posix.isAbsolute(path) || win32.isAbsolute(path) || path.split(/[\\/]/).includes('..'))
    return 'leaves the folder';
  if (!FILES.includes(type) && !FOLDERS.includes(type)) return `is no file or folder but a ${type}`;
  return null;
}

const refusal = (
  file: string,
  what: string,
  expected = 'plain files and folders below one folder, each once',
) =>
  new WeightmapError(`An archive is refused: ${what}.`, {
    where: file,
    expected,
    fix: 'fetch it again from where it was published; do not unpack it',
  });

function damaged(file: string, error: unknown): WeightmapError {
  const reason = messageOf(error);
  const cutShort = /unexpected end of file|truncated input|mark of its end/i.test(reason);
  return new WeightmapError(
    cutShort ? `An archive is truncated: ${reason}.` : `An archive is damaged: ${reason}.`,
    { where: file, expected: 'a whole tar archive, plain or gzip', fix: 'fetch it again' },
    { cause: error },
  );
}
