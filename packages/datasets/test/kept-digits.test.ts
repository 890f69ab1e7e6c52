import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Dataset } from '@weightmap/core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { proceduralDigits } from '../src/index.js';

let work: string;
let file: string;
let whole: Buffer;
let drawn: Dataset;

const load = () => proceduralDigits({ train: 5000, test: 10 }).load({ seed: 7 });

const sha256 = (...parts: Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** What is compared: the checksum, and all bytes of the parts. */
const told = ({ checksum, train, validation, test }: Dataset) => ({
  checksum,
  parts: sha256(...[train, validation, test].flatMap(({ pixels, labels }) => [pixels, labels])),
});

/** The file as a program would have kept it whose image `index` has another first pixel. */
function otherwiseDrawn(index: number): Buffer {
  const rest = Buffer.from(whole.subarray(whole.indexOf('\n') + 1));
  rest[rest.indexOf('\n') + 1 + index * 784] ^= 255;
  const { format } = JSON.parse(whole.toString('utf8', 0, whole.indexOf('\n'))) as { format: string };
  return Buffer.concat([Buffer.from(`${JSON.stringify({ format, sha256: sha256(rest) })}\n`), rest]);
}

/** The file as a program would have kept it that draws the later images otherwise, and says so. */
function ofAnotherVersion(): Buffer {
  const content = otherwiseDrawn(4000);
  const start = content.indexOf('\n') + 1;
  const end = content.indexOf('\n', start);
  const about = JSON.parse(content.toString('utf8', start, end)) as { drawing: number };
  const line = Buffer.from(JSON.stringify({ ...about, drawing: about.drawing - 1 }));
  const rest = Buffer.concat([line, content.subarray(end)]);
  const { format } = JSON.parse(content.toString('utf8', 0, start)) as { format: string };
  return Buffer.concat([Buffer.from(`${JSON.stringify({ format, sha256: sha256(rest) })}\n`), rest]);
}

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-digits-'));
  vi.stubEnv('XDG_CACHE_HOME', work);
  drawn = await load();
  const folder = path.join(work, 'weightmap/datasets/digits/decoded');
  file = path.join(folder, (await readdir(folder))[0]);
  whole = await readFile(file);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(work, { recursive: true, force: true });
});

it('are read the second time, and the same', async () => {
  expect(told(await load())).toEqual(told(drawn));
  // Only what is read can differ.
  await writeFile(file, otherwiseDrawn(4000));
  expect((await load()).checksum).not.toBe(drawn.checksum);
});

it.each([
  ['damaged', () => Buffer.concat([whole.subarray(0, -1), Buffer.from([whole.at(-1)! ^ 1])])],
  ['cut', () => whole.subarray(0, 1000)],
  ['of an earlier way to draw', () => otherwiseDrawn(0)],
  ['of an earlier version, with the same first images', ofAnotherVersion],
])('are drawn again if the file is %s', async (_, content) => {
  await writeFile(file, content());
  expect(told(await load())).toEqual(told(drawn));
  expect((await readFile(file)).equals(whole)).toBe(true);
});

it('are drawn where nothing can be kept', async () => {
  const blocked = path.join(work, 'file');
  await writeFile(blocked, '');
  vi.stubEnv('XDG_CACHE_HOME', blocked);
  expect(told(await load())).toEqual(told(drawn));
  vi.stubEnv('XDG_CACHE_HOME', work);
});
