import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runInThisContext } from 'node:vm';
import { balancedSubset, type Showcase, type StoredNetwork } from '@weightmap/core';
import { digits } from '@weightmap/datasets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shownImages } from '../src/explorer/showcase.js';
import { writeExplorer } from '../src/explorer/write-explorer.js';
import { inside, start } from './_command.js';

/** What a data file gives to the page. */
function held(file: string, name: string): unknown {
  const page = globalThis as { weightmapData?: Record<string, unknown> };
  runInThisContext(readFileSync(file, 'utf8'));
  return page.weightmapData?.[name];
}

describe('shown images', () => {
  it('are the first of each class, then the second', () => {
    const spec = { height: 1, width: 1, channels: 1, classes: ['a', 'b', 'c'] };
    const set = {
      spec,
      pixels: Uint8Array.of(10, 11, 12, 13, 14, 15),
      labels: Uint8Array.of(1, 1, 0, 1, 0, 2),
    };
    const bytes = shownImages(set, 5).map(({ label, pixels }) => [label, Buffer.from(pixels, 'base64')[0]]);
    expect(bytes).toEqual([
      [0, 12],
      [1, 10],
      [2, 15],
      [0, 14],
      [1, 11],
    ]);
    expect(shownImages(set, 100)).toHaveLength(6);
  });
});

describe('weightmap explore', () => {
  let work: string;
  let run: string;
  let out: string;
  let weights: string;
  beforeAll(async () => {
    work = await mkdtemp(path.join(tmpdir(), 'weightmap-explore-'));
    run = path.join(work, 'run');
    out = path.join(run, 'explorer');
    weights = path.join(run, 'cells/digits/cnn-33/trial-1/weights');
    const grid = ['--dataset', 'digits', '--select', 'cnn-33'];
    expect((await weightmap('run', 'smoke', ...grid, '--out', run)).code).toBe(0);
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  const weightmap = (...args: string[]) => inside(args, { work });

  it('writes the page, the first trial of each network, and test images', async () => {
    const outcome = await weightmap('explore', run, '--images', '3', '--json');
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(JSON.parse(outcome.stdout)).toEqual({
      html: path.join(out, 'index.html'),
      networks: 1,
      images: 3,
    });
    expect((await readdir(out)).sort()).toEqual(['explorer.css', 'explorer.js', 'index.html', 'networks']);

    const { benchmarks, report } = held(path.join(out, 'networks/showcase.js'), 'showcase') as Showcase;
    expect(existsSync(path.join(out, report!))).toBe(true);
    expect(benchmarks).toHaveLength(1);
    const [{ networks, images }] = benchmarks;
    expect(networks).toMatchObject([
      { id: 'cnn-33', kind: 'conv', gradCamLayer: 'conv3', file: 'digits/cnn-33' },
    ]);
    const grid = JSON.parse(await readFile(path.join(run, 'grid.json'), 'utf8')) as {
      data: { seed: number };
      cells: { dataset: { test: number; subsetSeed: number } }[];
    };
    const [{ dataset }] = grid.cells;
    const loaded = await digits.load({ seed: grid.data.seed });
    const test = balancedSubset(loaded.test, dataset.test, { seed: dataset.subsetSeed });
    const first = test.labels.indexOf(2);
    expect(images.map(({ label }) => label)).toEqual([0, 1, 2]);
    expect([...Buffer.from(images[2].pixels, 'base64')]).toEqual([
      ...test.pixels.subarray(784 * first, 784 * (first + 1)),
    ]);

    const network = held(path.join(out, 'networks/digits/cnn-33.js'), 'digits/cnn-33') as StoredNetwork;
    expect(
      Buffer.from(network.weights, 'base64').equals(await readFile(path.join(weights, 'weights.bin'))),
    ).toBe(true);
  });

  it('leaves the page as it was when a network is damaged, and says which', async () => {
    const file = path.join(weights, 'weights.bin');
    const [whole, damaged] = [await readFile(file), await readFile(file)];
    damaged[1000] ^= 1;
    await writeFile(file, damaged);
    await expect(writeExplorer(run, { out, select: ['*'], images: 12 })).rejects.toMatchObject({
      message: expect.stringContaining('not the file that model.json was written with') as string,
      details: { where: file },
    });
    await writeFile(file, whole);
    const { benchmarks } = held(path.join(out, 'networks/showcase.js'), 'showcase') as Showcase;
    expect(benchmarks[0].images).toHaveLength(3);
    expect((await readdir(run)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('replaces an explorer, and nothing else', async () => {
    const mine = path.join(work, 'mine');
    await mkdir(mine);
    await writeFile(path.join(mine, 'thesis.tex'), 'years of work');
    const options = { select: ['*'], images: 12 };
    await expect(writeExplorer(run, { out: mine, ...options })).rejects.toThrow('holds other files');
    expect(await readdir(mine)).toEqual(['thesis.tex']);
    expect(await writeExplorer(run, { out, ...options })).toMatchObject({ networks: 1, images: 12 });
    const { benchmarks } = held(path.join(out, 'networks/showcase.js'), 'showcase') as Showcase;
    expect(benchmarks[0].images).toHaveLength(12);
  });

  it('says so where nothing is trained or selected', async () => {
    const selected = writeExplorer(run, { out, select: ['*', '!cnn-*'], images: 1 });
    await expect(selected).rejects.toThrow('no trained network');
  });

  it('serves the page until a signal stops it', async () => {
    let page: Promise<string> | undefined;
    const child = start(['explore', run, '--port', '0'], {
      work,
      until(output, stop) {
        const [address] = /http:\/\/127\.0\.0\.1:\d+\//.exec(output) ?? [];
        if (address) page ??= fetch(address).then((answer) => answer.text().finally(() => stop('SIGINT')));
      },
    });
    const { code, output } = await child.closed;
    expect(code, output).toBe(0);
    expect(await page).toBe(await readFile(path.join(out, 'index.html'), 'utf8'));
  });
});
