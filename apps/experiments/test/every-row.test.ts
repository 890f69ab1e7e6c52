import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { benchmarkRows } from '@weightmap/architectures';
import { readRecords, type StoredRecord } from '@weightmap/records';
import { writeMadeCifar10, writeMadeIwildcam } from '@weightmap/test-utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/**
 * Every row of the benchmark from data to report, by the command as a process. In the test suite on made images and step by
 * step, which needs no recording of compiled steps; by `nx run experiments:smoke` compiled, and on the real datasets
 * that are here.
 */
const real = process.env.WEIGHTMAP_SMOKE === 'real';
const cli = path.resolve(import.meta.dirname, '../dist/cli.js');
const MINUTES = 60_000;

let work: string;
let run: string;
let records: readonly StoredRecord[];

function weightmap(...args: string[]): Promise<number | null> {
  const env = {
    ...process.env,
    ...(real
      ? {}
      : { WEIGHTMAP_DATA: '', WEIGHTMAP_COMPILE: 'off', XDG_CACHE_HOME: path.join(work, 'cache') }),
  };
  const child = spawn(process.execPath, [cli, ...args], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
}

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-rows-'));
  run = path.join(work, 'run');
  const data = path.join(work, 'data');
  // No test requires the real dataset of ten classes of photos.
  await writeMadeIwildcam(path.join(data, 'iwildcam'));
  if (!real) await writeMadeCifar10(path.join(data, 'cifar10'), { testPerClass: 8 });
  expect(await weightmap('run', 'smoke', '--data', data, '--offline', '--out', run)).toBe(0);
  if (real)
    expect(
      await weightmap(
        ...['run', 'smoke', '--offline', '--out', run],
        ...['--select', 'resnet-*,densenet-*', '--dataset', 'iwildcam-2class'],
      ),
    ).toBe(0);
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
