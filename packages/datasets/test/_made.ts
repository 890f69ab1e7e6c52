import { createHash } from 'node:crypto';
import { mkdtemp, mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, vi } from 'vitest';

export const NAMES = {
  trainImages: 'train-images-idx3-ubyte',
  trainLabels: 'train-labels-idx1-ubyte',
  testImages: 't10k-images-idx3-ubyte',
  testLabels: 't10k-labels-idx1-ubyte',
};
type Part = keyof typeof NAMES;

/** Twenty training and four test images: every pixel of image i is i, its label i mod 10. */
export const MADE: Record<Part, Buffer> = {
  trainImages: idx([20, 28, 28], (i) => Math.floor(i / 784)),
  trainLabels: idx([20], (i) => i % 10),
  testImages: idx([4, 28, 28], (i) => 100 + Math.floor(i / 784)),
  testLabels: idx([4], (i) => i),
};

/** What `mnistLoader` takes to load MADE. */
export const MADE_FILES = Object.fromEntries(
  Object.entries(NAMES).map(([part, name]) => [part, { name, sha256: hashOf(MADE[part as Part]) }]),
) as Record<Part, { name: string; sha256: string }>;

/** An IDX file written out byte by byte. */
export function idx(shape: readonly number[], value: (i: number) => number): Buffer {
  const sizes = shape.flatMap((size) => [size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255]);
  const length = shape.reduce((a, b) => a * b, 1);
  return Buffer.from([0, 0, 8, shape.length, ...sizes, ...Array.from({ length }, (_, i) => value(i))]);
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Writes the four files, or what is put in their place (null: leaves it out). */
export async function writeSet(
  folder: string,
  { gzip = true, replace = {} }: { gzip?: boolean; replace?: Partial<Record<Part, Buffer | null>> } = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const part of Object.keys(NAMES) as Part[]) {
    const replaced = replace[part];
    if (replaced === null) continue;
    const bytes = replaced ?? (gzip ? gzipSync(MADE[part]) : MADE[part]);
    await writeFile(join(folder, `${NAMES[part]}${gzip ? '.gz' : ''}`), bytes);
  }
  return folder;
}

/**
 * A machine of its own for every test: an empty cache, an empty working directory, no WEIGHTMAP_DATA.
 *
 * @returns the folder that `cwd`, `cache` and anything else of the test lie in.
 */
export function useEmptyMachine(): { root: string; cwd: string; cache: string } {
  const machine = { root: '', cwd: '', cache: '' };
  beforeEach(async () => {
    machine.root = await realpath(await mkdtemp(join(tmpdir(), 'weightmap-datasets-')));
    machine.cwd = join(machine.root, 'cwd');
    machine.cache = join(machine.root, 'xdg', 'weightmap', 'datasets');
    await mkdir(machine.cwd);
    vi.stubEnv('WEIGHTMAP_DATA', undefined);
    vi.stubEnv('XDG_CACHE_HOME', join(machine.root, 'xdg'));
    vi.spyOn(process, 'cwd').mockReturnValue(machine.cwd);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    await rm(machine.root, { recursive: true });
  });
  return machine;
}

/** What a promise is rejected with, as text with all details. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error && 'explain' in error) return (error as { explain(): string }).explain();
    throw error;
  }
  throw new Error('it did not fail');
}
