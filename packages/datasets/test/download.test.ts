import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { NotFoundError, WeightmapError, type Progress } from '@weightmap/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { download } from '../src/_download.js';
import { failureOf, useEmptyMachine } from './_made.js';
import { breaksOff, sendRange, useServers } from './_server.js';

const machine = useEmptyMachine();
const serve = useServers();

const RIGHT = Uint8Array.from({ length: 50_000 }, (_, i) => (i * i) % 251);
const WRONG = RIGHT.map((byte) => byte ^ 1);

let target: string;
beforeEach(async () => {
  target = join(machine.root, 'cache', 'mnist', 'file.gz');
  await mkdir(dirname(target), { recursive: true });
});

afterEach(() => {
  vi.useRealTimers();
});

const options = () => ({
  target,
  fix: 'put it there by hand',
  verify: async (file: string) => {
    if (!Buffer.from(RIGHT).equals(await readFile(file))) throw new WeightmapError('wrong bytes');
  },
});
const isRight = async () => Buffer.from(RIGHT).equals(await readFile(target));
const left = async () => (await readdir(dirname(target))).filter((name) => name !== basename(target));

describe('a download', () => {
  it('announces its size and its source, and ends under its final name', async () => {
    const { url } = await serve((response, request) => sendRange(response, request, RIGHT));
    const heard: Progress[] = [];
    expect(await download({ ...options(), urls: [url], onProgress: (p) => heard.push(p) })).toBe(url);
    expect(await isRight()).toBe(true);
    expect(await left()).toEqual([]);
    const stage = `download file.gz from ${new URL(url).host}`;
    expect(heard[0]).toEqual({ stage, done: 0, total: RIGHT.length });
    expect(heard.at(-1)).toEqual({ stage, done: RIGHT.length, total: RIGHT.length });
  });

  it('that breaks off goes on where it stopped', async () => {
    const { begin, hangUp } = breaksOff();
    const { url, seen } = await serve((response, request) =>
      request.headers.range ? sendRange(response, request, RIGHT) : begin(response, RIGHT),
    );
    await download({ ...options(), urls: [url], onProgress: hangUp });
    expect(await isRight()).toBe(true);
    expect(seen.map(({ range }) => range)).toEqual([undefined, `bytes=${RIGHT.length / 2}-`]);
  });

  it('goes on where an earlier process stopped, failed or killed', async () => {
    const { url, seen } = await serve((response, request) => sendRange(response, request, RIGHT));
    // 2^22 is the largest process id of Linux: no such process runs.
    for (const name of ['file.gz.part', `file.gz.${hostname().replace(/[^\w-]/g, '_')}-4194304-0.part`]) {
      await writeFile(join(dirname(target), name), RIGHT.subarray(0, 123));
      await download({ ...options(), urls: [url] });
      expect(await isRight()).toBe(true);
      expect(await left()).toEqual([]);
    }
    expect(seen.map(({ range }) => range)).toEqual(['bytes=123-', 'bytes=123-']);
  });

  it('leaves alone what a process that still runs is writing', async () => {
    const others = `file.gz.${hostname().replace(/[^\w-]/g, '_')}-${process.ppid}-0.part`;
    await writeFile(join(dirname(target), others), RIGHT.subarray(0, 123));
    const { url, seen } = await serve((response, request) => sendRange(response, request, RIGHT));
    await Promise.all([1, 2, 3].map(() => download({ ...options(), urls: [url] })));
    expect(await isRight()).toBe(true);
    expect(await left()).toEqual([others]);
    expect(seen.map(({ range }) => range)).toEqual([undefined, undefined, undefined]);
  });

  it('starts over where the server ignores Range', async () => {
    await writeFile(`${target}.part`, RIGHT.subarray(0, 123));
    const { url } = await serve((response) => response.end(RIGHT));
    await download({ ...options(), urls: [url] });
    expect(await isRight()).toBe(true);
  });

  it.each([
    ['is all there', RIGHT, ['bytes=50000-']],
    ['is longer than the file', Uint8Array.from([...RIGHT, 1]), ['bytes=50001-', undefined]],
    ['is of another file', WRONG.subarray(0, 99), ['bytes=99-', undefined]],
  ])('ends right if what an earlier one left %s', async (_, part, ranges) => {
    await writeFile(`${target}.part`, part);
    const { url, seen } = await serve((response, request) => sendRange(response, request, RIGHT));
    await download({ ...options(), urls: [url] });
    expect(await isRight()).toBe(true);
    expect(seen.map(({ range }) => range)).toEqual(ranges);
  });

  it('starts over where the server sends another range than asked for', async () => {
    await writeFile(`${target}.part`, RIGHT.subarray(0, 123));
    const { url } = await serve((response, request) => {
      if (!request.headers.range) return sendRange(response, request, RIGHT);
      response.writeHead(206, { 'content-range': `bytes 0-${RIGHT.length - 1}/${RIGHT.length}` }).end(RIGHT);
    });
    await download({ ...options(), urls: [url] });
    expect(await isRight()).toBe(true);
  });

  it('takes the next place where one refuses, is silent, stalls, is unreachable or has something else', async () => {
    const refuses = await serve((response) => response.writeHead(403).end('no'));
    // Time passes only where a server lets it: no busy machine makes the others late.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const wait = () => vi.advanceTimersByTime(300);
    const silent = await serve(() => void wait());
    const stalls = await serve((response) => {
      response.writeHead(200, { 'content-length': 10 }).flushHeaders();
    });
    const onProgress = ({ stage }: Progress) => {
      if (stage.endsWith(new URL(stalls.url).host)) setImmediate(wait);
    };
    const wrong = await serve((response) => response.end(WRONG));
    const good = await serve((response, request) => sendRange(response, request, RIGHT));
    const urls = [refuses, silent, stalls, wrong].map(({ url }) => url).concat('http://127.0.0.1:1/');
    const timeouts = { connectTimeout: 300, stallTimeout: 300, onProgress };

    const failing = download({ ...options(), ...timeouts, urls });
    await expect(failing).rejects.toThrow(NotFoundError);
    const failure = await failureOf(failing);
    for (const word of [
      'HTTP status 403',
      'no answer within 0.3 s',
      'no data for 0.3 s',
      'wrong bytes',
      'fetch failed',
    ])
      expect(failure).toContain(word);
    for (const word of [...urls, 'put it there by hand']) expect(failure).toContain(word);
    expect(await readdir(dirname(target))).toEqual([]);

    expect(await download({ ...options(), ...timeouts, urls: [...urls, good.url] })).toBe(good.url);
    expect(await isRight()).toBe(true);
  });

  it('never replaces a good file by a wrong one', async () => {
    await writeFile(target, RIGHT);
    const { url } = await serve((response) => response.end(WRONG));
    await expect(download({ ...options(), urls: [url] })).rejects.toThrow('could not be downloaded');
    expect(await isRight()).toBe(true);
    expect(await left()).toEqual([]);
  });

  it('keeps the part it has for the next try when a mirror fails permanently', async () => {
    const { begin, hangUp } = breaksOff();
    const { url } = await serve((response, request) =>
      request.headers.range ? response.writeHead(503).end() : begin(response, RIGHT),
    );
    await expect(download({ ...options(), urls: [url], onProgress: hangUp })).rejects.toThrow(
      'could not be downloaded',
    );
    expect(await left()).toEqual(['file.gz.part']);
  });

  it('says so if its folder cannot be used', async () => {
    await writeFile(join(machine.root, 'a-file'), '');
    const failure = await failureOf(
      download({
        ...options(),
        target: join(machine.root, 'a-file', 'mnist', 'file.gz'),
        urls: ['http://127.0.0.1:1/'],
      }),
    );
    expect(failure).toContain('XDG_CACHE_HOME');
  });
});
