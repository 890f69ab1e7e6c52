// Reports at the same time, a report that fails, a record that can't be drawn, pictures of any size.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import {
  cellPaths,
  contentDigest,
  readRun,
  writeAttackedRun,
  writeRecord,
  type GradCamRecord,
} from '@weightmap/records';
import { makeRecord } from '@weightmap/test-utils/records';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as svg from '../src/plot/svg.js';
import { toPng } from '../src/plot/svg.js';
import { writeReport } from '../src/index.js';
import { reportOf } from './_report.js';

vi.mock('../src/plot/svg.js', async (original) => {
  const real = await original<typeof svg>();
  // With an eighth of the width and height: drawing takes most of the time of a report.
  const small = (text: string) =>
    real.toPng(
      text.replace(
        /^(<svg[^>]*) width="([\d.]+)" height="([\d.]+)"/,
        (_, start: string, ...sides: string[]) =>
          `${start} width="${Number(sides[0]) / 8}" height="${Number(sides[1]) / 8}"`,
      ),
    );
  return { ...real, toPng: vi.fn(small) };
});
const smallPng = vi.mocked(toPng).getMockImplementation()!;
const { toPng: realToPng } = await vi.importActual<typeof svg>('../src/plot/svg.js');

let run: string;
beforeEach(async () => {
  run = await mkdtemp(path.join(tmpdir(), 'weightmap-drawing-'));
});
afterEach(async () => {
  vi.mocked(toPng).mockImplementation(smallPng);
  await rm(run, { recursive: true, force: true });
});

const short = { training: { epochs: 2 } };
const filesOf = async (folder: string) => {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
};
const contents = async () =>
  Promise.all(
    (await filesOf(path.join(run, 'report'))).map(async (file) => [
      file,
      contentDigest(await readFile(file, 'base64')),
    ]),
  );

describe('the report of a run', () => {
  it('succeeds for all that write it at the same time, and is whole', async () => {
    await writeRecord(run, makeRecord(short));
    await reportOf(run);
    const alone = await contents();
    const read = await readRun(run);
    const all = await Promise.allSettled(Array.from({ length: 3 }, () => writeReport(read)));
    expect(all.map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
    expect(await contents()).toEqual(alone);
    expect((await readdir(run)).sort()).toEqual(['cells', 'report']);
  });

  it('stays as it was if the next one fails, wherever that is', async () => {
    await writeRecord(run, makeRecord(short));
    await reportOf(run);
    const before = await contents();
    await writeRecord(run, makeRecord({ ...short, trial: 2 }));
    let calls = 0;
    for (const failing of [1, 3]) {
      calls = 0;
      vi.mocked(toPng).mockImplementation((text) => {
        if (++calls >= failing) throw new Error('no memory left');
        return smallPng(text);
      });
      await expect(reportOf(run)).rejects.toThrow('no memory left');
      expect(await contents()).toEqual(before);
    }
    expect((await readdir(run)).sort()).toEqual(['cells', 'report']);
  });

  it('names and leaves out a record, or results of attacks, that can’t be drawn', async () => {
    for (const variant of ['cnn-33', 'cnn-wide', 'cnn-35'])
      await writeRecord(run, makeRecord({ ...short, variant }));
    const record = makeRecord({ ...short, variant: 'cnn-33' });
    await writeAttackedRun(run, {
      ...{ schemaVersion: 2, images: 10, subsetSeed: 1, transfer: null },
      cells: [
        {
          ...{
            cellId: record.cellId,
            variant: 'cnn-33',
            dataset: 'mnist',
            trial: 1,
            images: 10,
            cleanAccuracyPercent: 90,
          },
          attacks: [
            {
              id: 'pgd',
              label: 'PGD!',
              norm: 'linf',
              measure: 'epsilon',
              points: [{ strength: 0.1, accuracyPercent: 5, meanLinf: 0.1, meanL2: 1 }],
            },
          ],
          ...{ worst: [{ norm: 'linf', strength: 0.1, accuracyPercent: 5 }], masking: null },
        },
      ],
    });
    // The name of one variant, and that of one attack.
    vi.mocked(toPng).mockImplementation((text) => {
      if (/conv wide|PGD!/.test(text)) throw new Error('unknown glyph');
      return smallPng(text);
    });
    const { model, html } = await reportOf(run);
    expect(model.recordCount).toBe(2);
    expect(model.damaged).toEqual([
      { file: 'cells/mnist/cnn-wide/trial-1/record.json', reason: 'it can’t be drawn: unknown glyph' },
    ]);
    expect(model.notes).toEqual(['the results of attacks can’t be drawn: unknown glyph']);
    const page = await readFile(html, 'utf8');
    for (const word of ['cells/mnist/cnn-wide/trial-1/record.json', 'unknown glyph'])
      expect(page).toContain(word);
  });

  it('of a damaged list of cells says so, and names records without a digest', async () => {
    const { record: file, folder } = cellPaths(run, makeRecord(short).cell);
    await mkdir(folder, { recursive: true });
    await writeFile(file, JSON.stringify(makeRecord(short)));
    await writeFile(path.join(run, 'grid.json'), '{');
    await writeFile(path.join(run, 'attacks.json'), '{"cells": [{"dataset": "../x"}]}');
    const { html, markdown } = await reportOf(run);
    for (const page of [await readFile(html, 'utf8'), await readFile(markdown, 'utf8')]) {
      expect(page).toContain('list of cells can’t be used');
      expect(page).toMatch(/attacks\.json can’t be used/);
      expect(page).toContain('without a digest of the content');
    }
  });

  it('of extreme numbers has no NaN', async () => {
    const { activationVariance } = makeRecord();
    for (const [trial, gain] of [5e-324, 1e100, 1e-100].entries())
      await writeRecord(
        run,
        makeRecord({
          ...{ ...short, variant: 'cnn-smooth-32', trial: trial + 1 },
          activationVariance: [
            {
              ...{ ...activationVariance[0], kind: 'smoothing' },
              clean: { input: gain, output: gain, gain, amplification: { measured: gain, predicted: gain } },
            },
          ],
          ...{
            parameters: Number.MAX_SAFE_INTEGER,
            flops: { paper: 1e100, executed: 5e-324 },
            seconds: { training: 1e100, evaluation: 0 },
          },
        }),
      );
    const { html } = await reportOf(run);
    for (const file of (await filesOf(path.dirname(html))).filter((name) => !name.endsWith('.png')))
      expect(await readFile(file, 'utf8'), file).not.toMatch(/NaN|Infinity|undefined/);
  });
});

/** A PNG of a size that its content need not have. */
function pngOf(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    return Buffer.concat([size, Buffer.from(type), data, Buffer.alloc(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('a picture', () => {
  it('that is too large, damaged or of another format is named, never decoded', async () => {
    const pictures: readonly [variant: string, bytes: Buffer, said: string][] = [
      ['cnn-33', pngOf(16_000, 16_000), 'picture too large'],
      ['cnn-wide', pngOf(2 ** 31, 2 ** 31), 'picture too large'],
      ['cnn-35', pngOf(0, 10), 'picture damaged'],
      [
        'cnn-smooth-32',
        Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
        'picture damaged',
      ],
      ['cnn-smooth-35', Buffer.from('GIF89a\u0001\u0000\u0001\u0000'), 'picture damaged'],
      ['cnn-unsharp-32', Buffer.alloc(0), 'picture damaged'],
    ];
    for (const [variant, bytes] of pictures) {
      const sample: GradCamRecord = {
        ...{ image: 'grad-cam/4-clean-image.png', heatmap: 'grad-cam/4-clean-heatmap.png', layer: 'conv3' },
        ...{ sample: 4, condition: 'clean', strength: 0, label: '7', predicted: '1', probability: 0.5 },
      };
      const record = makeRecord({ ...short, variant, gradCam: [sample] });
      const { folder, gradCam } = cellPaths(run, record.cell);
      await mkdir(gradCam, { recursive: true });
      for (const file of [sample.image, sample.heatmap]) await writeFile(path.join(folder, file), bytes);
      await writeRecord(run, record);
    }
    const { model } = await reportOf(run);
    const [grid] = model.pictures.grids;
    const said = grid.columns.map(({ stored }) => {
      const { input, heat } = model.pictures.album.picturesOf(stored, stored.record.gradCam[0]);
      return [path.basename(path.dirname(stored.folder)), input.missing, heat.missing];
    });
    expect(said.sort()).toEqual(pictures.map(([variant, , word]) => [variant, word, word]).sort());
  });

  it('of a figure that would be enormous is drawn smaller', () => {
    const tall = (height: number) =>
      `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="${height}" viewBox="0 0 400 ${height}"><rect width="9" height="9"/></svg>`;
    const sizeOf = (png: Buffer) => [png.readUInt32BE(16), png.readUInt32BE(20)];
    expect(sizeOf(realToPng(tall(300)))).toEqual([800, 600]);
    const [width, height] = sizeOf(realToPng(tall(1e6)));
    expect(width * height).toBeLessThan(2.1e7);
  });
});
