import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { benchmarkRows } from '@weightmap/architectures';
import { readRecords, type StoredRecord } from '@weightmap/records';
import { writeMadeCifar10, writeMadeIwildcam } from '@weightmap/test-utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presets, type Preset } from '../src/plan/presets.js';
import { inside, weightmap as inProcesses } from './_command.js';

/**
 * Every row of the benchmark from data to report. In the test suite on few and made images and step by step, which needs no recording
 * of compiled steps, by the command in this process, which starts one engine for all. By `nx run experiments:smoke` by the command's
 * own processes, compiled, and on the real datasets that are here.
 */
const real = process.env.WEIGHTMAP_SMOKE === 'real';
const MINUTES = 60_000;

let work: string;
let run: string;
let records: readonly StoredRecord[];

/** The preset with one step, and a few images for each measurement. */
const fewer: Preset = {
  ...presets.smoke,
  limits: { train: 10, validation: 10, test: 10, imagesPerClass: 12 },
  evaluation: { ...presets.smoke.evaluation, robustnessImages: 10, varianceImages: 2, sharpnessImages: 2 },
};

async function weightmap(...args: string[]): Promise<void> {
  const { WEIGHTMAP_DATA, WEIGHTMAP_COMPILE } = process.env;
  const { code, output } = real
    ? await inProcesses(args, { work, env: { WEIGHTMAP_DATA, WEIGHTMAP_COMPILE } })
    : await inside(args, { work });
  expect(code, output).toBe(0);
}

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-rows-'));
  run = path.join(work, 'run');
  const data = path.join(work, 'data');
  // No test requires the real dataset of ten classes of photos.
  await writeMadeIwildcam(path.join(data, 'iwildcam'));
  const smoke = ['run', 'smoke', '--offline', '--out', run];
  if (real) {
    await weightmap(...smoke, '--data', data);
    await weightmap(...smoke, '--select', 'resnet-*,densenet-*', '--dataset', 'iwildcam-2class');
  } else {
    await writeMadeCifar10(path.join(data, 'cifar10'), { testPerClass: 2 });
    Object.assign(presets, { smoke: fewer }); // in this process, which is this file's own
    await weightmap(...smoke, '--data', data);
  }
  ({ records } = await readRecords(run));
}, 20 * MINUTES);
afterAll(() => rm(work, { recursive: true, force: true }));

describe('every row of the benchmark', () => {
  it.each(benchmarkRows)('$variant on $dataset is trained, attacked and measured', ({ variant, dataset }) => {
    const found = records.find(
      ({ record }) =>
        record.variant === variant &&
        [dataset, dataset === 'mnist' ? 'digits' : dataset].includes(record.dataset),
    );
    expect(found).toBeDefined();
    const { record, folder } = found!;
    expect(record.history).toHaveLength(1);
    expect(record.noise.map(({ beta }) => beta)).toEqual([0, 0.5]);
    expect(record.fgsm.map(({ epsilon }) => epsilon)).toEqual([0, 0.1]);
    expect(record.parameters).toBeGreaterThan(100_000);
    expect(record.activationVariance.length).toBeGreaterThan(0);
    expect(record.gradCamSharpness.map(({ condition }) => condition)).toEqual(['clean', 'noisy', 'attacked']);
    for (const { image, heatmap } of record.gradCam)
      for (const picture of [image, heatmap]) expect(existsSync(path.join(folder, picture))).toBe(true);
  });

  it('is in the report, and nothing else is', async () => {
    const html = await readFile(path.join(run, 'report/index.html'), 'utf8');
    for (const label of ['CIFAR-10', 'iWildCam', 'Not evidence']) expect(html).toContain(label);
    const wild = records.filter(({ record }) => record.dataset === 'iwildcam-2class');
    expect(wild).toHaveLength(real ? 10 : 0);
    expect(records).toHaveLength(benchmarkRows.length + wild.length);
  });
});
