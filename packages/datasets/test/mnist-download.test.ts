import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { mnistLoader } from '../src/index.js';
import { failureOf, MADE, MADE_FILES, NAMES, useEmptyMachine } from './_made.js';
import { breaksOff, sendRange, useServers } from './_server.js';

const machine = useEmptyMachine();
const serve = useServers();

const packed = new Map(
  Object.entries(NAMES).map(([part, name]) => [`/${name}.gz`, gzipSync(MADE[part as keyof typeof MADE])]),
);

it('a set that is not found is downloaded into the cache once, over a connection that breaks off', async () => {
  const { begin, hangUp } = breaksOff();
  const { url, seen } = await serve((response, request) => {
    const bytes = packed.get(request.url ?? '');
    if (!bytes) response.writeHead(404).end();
    else if (request.headers.range) sendRange(response, request, bytes);
    else begin(response, bytes);
  });
  const loader = mnistLoader({ files: MADE_FILES, mirrors: [url] });
  const { train, test, source } = await loader.load({ seed: 1, onProgress: hangUp });
  expect([train.labels.length, test.pixels[0]]).toEqual([18, 100]);
  expect(source).toBe(`${join(machine.cache, 'mnist')}, downloaded from ${new URL(url).host}`);
  expect(seen).toHaveLength(8);

  expect((await loader.load({ seed: 1, offline: true })).source).toBe(join(machine.cache, 'mnist'));
  await rm(join(machine.cache, 'mnist', `${NAMES.testLabels}.gz`));
  await loader.load({ seed: 1, onProgress: hangUp });
  expect(seen.slice(8).map(({ path }) => path)).toEqual(Array(2).fill(`/${NAMES.testLabels}.gz`));
});

it('content that is not the published one never gets a final name', async () => {
  const { url } = await serve((response) => response.end(gzipSync(MADE.testImages)));
  const failure = await failureOf(mnistLoader({ files: MADE_FILES, mirrors: [url] }).load({ seed: 1 }));
  expect(failure).toContain(
    `${url}train-images-idx3-ubyte.gz: The content of a file is not the published one`,
  );
  expect(failure).toContain('the dataset digits');
  expect(await readdir(join(machine.cache, 'mnist'))).toEqual([]);
});

it('offline, no server is asked', async () => {
  const { url, seen } = await serve((response) => response.end());
  const loader = mnistLoader({ files: MADE_FILES, mirrors: [url] });
  expect(await failureOf(loader.load({ seed: 1, offline: true }))).toContain('downloads are forbidden');
  expect(seen).toEqual([]);
});
