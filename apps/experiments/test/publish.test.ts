import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  cellPaths,
  readAttackedRun,
  readManifest,
  readRecords,
  writeAttackedRun,
  writeRecord,
  type RunRecord,
} from '@weightmap/records';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { writeManifest } from '../src/plan/manifest.js';
import { publishCommand } from '../src/commands/publish.js';
import { makeRecord } from '@weightmap/test-utils/records';

let work: string;
const at = (name: string) => path.join(work, name);

beforeEach(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-publish-'));
  vi.spyOn(console, 'log').mockImplementation(() => {});
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(work, { recursive: true });
});

const picture = {
  heatmap: 'grad-cam/0-clean-heatmap.png',
  image: 'grad-cam/0-clean-image.png',
  layer: 'conv',

  sample: 0,
  condition: 'clean' as const,
  strength: 0,
  label: '7',
  predicted: '7',
  probability: 0.9,
};

/** A run with these finished cells, each with a picture and weights. */
async function makeRun(name: string, records: readonly RunRecord[]): Promise<string> {
  for (const record of records) {
    await writeRecord(at(name), record);
    const { folder, weights, events } = cellPaths(at(name), record.cell);
    await mkdir(path.join(folder, 'grad-cam'), { recursive: true });
    for (const file of [picture.heatmap, picture.image])
      await writeFile(path.join(folder, file), `png of ${file}`);
    await mkdir(weights);
    await writeFile(path.join(weights, 'weights.bin'), 'weights');
    await writeFile(events, '{}\n');
  }
  await writeManifest(at(name), {
    preset: 'standard',
    gradCamSamples: 1,
    tensorboard: false,
    data: { seed: 1, dataDir: '/home/somebody/data' },
    cells: records.map(({ cell }) => cell),
  });
  return at(name);
}

const publish = (run: string, out: string) =>
  publishCommand().parseAsync([run, '--out', out], { from: 'user' });

const filesIn = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();

const first = makeRecord({ trial: 1, gradCam: [picture] });
const second = makeRecord({ trial: 2, gradCam: [picture] });

it('copies records and pictures, and nothing else', async () => {
  const run = await makeRun('run', [first]);
  await publish(run, at('results'));
  const cell = 'cells/mnist/cnn-33/trial-1';
  expect(await filesIn(at('results'))).toEqual([
    `${cell}/cell.json`,
    `${cell}/grad-cam/0-clean-heatmap.png`,
    `${cell}/grad-cam/0-clean-image.png`,
    `${cell}/record.json`,
    'grid.json',
  ]);
  for (const file of ['record.json', picture.image])
    expect(await readFile(at(`results/${cell}/${file}`))).toEqual(await readFile(path.join(run, cell, file)));
  expect(await readFile(at('results/grid.json'), 'utf8')).not.toContain('somebody');
  expect((await readManifest(at('results'))).data).toEqual({ seed: 1 });
});

it('adds cells that are finished later, and keeps those of earlier calls', async () => {
  await publish(await makeRun('run', [first]), at('results'));
  await publish(await makeRun('another-machine', [second]), at('results'));
  const { records, damaged } = await readRecords(at('results'));
  expect(records.map(({ record }) => record.trial)).toEqual([1, 2]);
  expect(damaged).toEqual([]);
  expect((await readManifest(at('results'))).cells).toHaveLength(2);
});

it('replaces the results of attacks cell by cell, in their order, and adds new ones at the end', async () => {
  const records = (['cnn-33', 'cnn-smooth-32', 'cnn-unsharp-32'] as const).map((variant) =>
    makeRecord({ variant }),
  );
  const run = await makeRun('run', records);
  const attack = async (...made: [variant: number, clean: number][]) => {
    await writeAttackedRun(run, {
      ...{ schemaVersion: 2, images: 10, subsetSeed: 1, transfer: null },
      cells: made.map(([i, cleanAccuracyPercent]) => ({
        ...{ cellId: records[i].cellId, dataset: 'mnist', variant: records[i].cell.variant, trial: 1 },
        ...{ images: 10, cleanAccuracyPercent, attacks: [], worst: [], masking: null },
      })),
    });
    await publish(run, at('out'));
    const { cells } = (await readAttackedRun(at('out')))!;
    return cells.map((cell) => [cell.variant, cell.cleanAccuracyPercent]);
  };
  expect(await attack([2, 90], [0, 80])).toEqual([
    ['cnn-unsharp-32', 90],
    ['cnn-33', 80],
  ]);
  expect(await attack([1, 60], [2, 70])).toEqual([
    ['cnn-unsharp-32', 70],
    ['cnn-33', 80],
    ['cnn-smooth-32', 60],
  ]);
});

it('names a picture that is a link, a folder or missing, and goes on', async () => {
  const linked = { ...picture, sample: 1, image: 'grad-cam/1-clean-image.png' };
  const run = await makeRun('run', [makeRecord({ trial: 1, gradCam: [linked] }), second]);
  const { folder } = cellPaths(run, first.cell);
  await writeFile(at('secret'), 'secret');
  await rm(path.join(folder, picture.heatmap));
  await symlink(at('secret'), path.join(folder, picture.heatmap));
  await mkdir(path.join(folder, linked.image));
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((printed += String(text)), true));
  await publish(run, at('results'));
  expect(printed).toMatch(/^2 records \(2 new\), 2 pictures /);
  const place = 'cells/mnist/cnn-33/trial-1';
  expect(printed).toContain(
    `left out: the picture ${place}/${picture.heatmap}: A path leads out of its folder.`,
  );
  expect(printed).toContain(`left out: the picture ${place}/${linked.image}: `);
  const files = await filesIn(at('results'));
  expect(files.filter((file) => file.endsWith('.png'))).toEqual(
    [picture.heatmap, picture.image].map((file) => `cells/mnist/cnn-33/trial-2/${file}`),
  );
  expect((await readRecords(at('results'))).records).toHaveLength(2);
});

it('refuses another configuration in the same place, before anything is written', async () => {
  await publish(await makeRun('run', [first]), at('results'));
  const before = await readFile(cellPaths(at('results'), first.cell).record);
  const other = makeRecord({ trial: 1, gradCam: [picture], training: { epochs: 2 }, epochs: 2 });
  const run = await makeRun('other', [other, second]);
  await expect(publish(run, at('results'))).rejects.toThrow('holds another configuration');
  expect(await readFile(cellPaths(at('results'), first.cell).record)).toEqual(before);
  expect((await readRecords(at('results'))).records).toHaveLength(1);
});

it('refuses a run without records, and the run itself as the target', async () => {
  const run = await makeRun('run', [first]);
  await expect(publish(run, run)).rejects.toThrow('over the run itself');
  await mkdir(at('empty/cells'), { recursive: true });
  await expect(publish(at('empty'), at('results'))).rejects.toThrow('nothing to publish');
});
