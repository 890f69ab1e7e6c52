import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { benchmarkRows } from '@weightmap/architectures';
import { startEngine } from '@weightmap/engine';
import { readRecords, type StoredRecord } from '@weightmap/records';
import { writeMadeCifar10, writeMadeIwildcam } from '@weightmap/test-utils';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadCellData } from '../src/cells/load-cell-data.js';
import { runCell } from '../src/cells/run-cell.js';
import { writeManifest } from '../src/plan/manifest.js';
import { planGrid } from '../src/plan/plan-grid.js';
import { presets } from '../src/plan/presets.js';
import { weightmap as command } from './_command.js';

/**
 * Every row of the benchmark from data to report. In the test suite on made images and step by step, which needs no recording of
 * compiled steps: most cells in this process, which starts one engine for all, the others by the command, which finds the first
 * ones done. By `nx run experiments:smoke` all by the command, compiled, and on the real datasets that are here.
 */
const real = process.env.WEIGHTMAP_SMOKE === 'real';
const MINUTES = 60_000;
/** Left to the command: one of each architecture. */
const byCommand = ['cnn-33', 'resnet-alternating-smoothing', 'densenet-conv'];

let work: string;
let run: string;
let records: readonly StoredRecord[];

async function weightmap(...args: string[]): Promise<string> {
  const env = real
    ? { WEIGHTMAP_DATA: process.env.WEIGHTMAP_DATA, WEIGHTMAP_COMPILE: process.env.WEIGHTMAP_COMPILE }
    : {};
  const { code, output, stdout } = await command(args, { work, env });
  expect(code, output).toBe(0);
  return stdout;
}

/** Does what the workers of the command do, for all cells but a few. */
async function runMostCells(dataDir: string): Promise<void> {
  vi.stubEnv('WEIGHTMAP_DATA', '');
  vi.stubEnv('WEIGHTMAP_COMPILE', 'off');
  vi.stubEnv('XDG_CACHE_HOME', path.join(work, 'cache'));
  const engine = await startEngine({ threads: 1 });
  const { limits, gradCamSamples } = presets.smoke;
  const data = { seed: 1, dataDir, imagesPerClass: limits.imagesPerClass ?? undefined };
  const { cells } = await planGrid(presets.smoke, { ...data, offline: true, onNote() {} });
  const manifest = await writeManifest(run, {
    ...{ preset: 'smoke', cells, gradCamSamples, tensorboard: false, data },
  });
  for (const cell of manifest.cells)
    if (!byCommand.includes(cell.variant))
      await runCell(cell, {
        ...{ run, engine, gradCamSamples, tensorboard: false, isOurs: () => true },
        dataset: await loadCellData(cell, manifest),
        signal: new AbortController().signal,
      });
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
    await writeMadeCifar10(path.join(data, 'cifar10'), { testPerClass: 8 });
    await runMostCells(data);
    const rest = benchmarkRows.filter(({ variant }) => byCommand.includes(variant));
    expect(await weightmap(...smoke, '--data', data)).toContain(
      `${benchmarkRows.length - rest.length} of ${benchmarkRows.length} cells already done`,
    );
  }
  ({ records } = await readRecords(run));
}, 20 * MINUTES);
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(work, { recursive: true, force: true });
});

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
