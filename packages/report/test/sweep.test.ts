import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readRun, sweptVariant, writeRecord } from '@weightmap/records';
import { makeRecord } from '@weightmap/test-utils/records';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reportModel } from '../src/report-model.js';
import { terminalTable } from '../src/terminal.js';
import { reportOf } from './_report.js';

let run: string;
beforeAll(async () => {
  run = await mkdtemp(path.join(tmpdir(), 'weightmap-sweep-'));
  // At the second learning rate every network guesses under noise.
  for (const [learningRate, error] of [
    [0.01, 40],
    [0.001, 4],
  ])
    for (const trial of [1, 2]) {
      const training = { epochs: 2, learningRate };
      const names = {
        label: `CNN, conv 33 (learning rate ${learningRate})`,
        shortLabel: 'conv 33',
        kinds: ['conv' as const],
        architecture: 'CNN',
      };
      await writeRecord(
        run,
        makeRecord({
          ...{
            variant: sweptVariant('cnn-33', { learningRate }),
            trial,
            training,
            names,
            testErrorPercent: trial,
          },
          noise: [0, 0.5, 1].map((beta) => ({ beta, errorPercent: beta === 0 ? 1 : error + trial })),
        }),
      );
    }
});
afterAll(() => rm(run, { recursive: true, force: true }));

describe('the report of a sweep', () => {
  test('has a row for each value, by value, with means over the trials at the same strengths', async () => {
    const report = await reportOf(run);
    const { document } = parseHTML(await readFile(report.html, 'utf8'));
    const rows = [...document.querySelectorAll('#sweep tr')].map((row) =>
      [...row.querySelectorAll('th, td')].map(({ textContent }) => textContent.trim()),
    );
    expect(rows.map((row) => row.slice(0, 5))).toEqual([
      ['Variant', 'learning rate', 'validation error %', 'test error %', 'noise, mean over β 0.5–1'],
      // Means of 4 + 1 and 4 + 2, and of 40 + 1 and 40 + 2.
      ['CNN, conv 33', '0.001', '2.00 ± 0.00', '1.50 ± 0.71', '5.50 ± 0.71'],
      ['CNN, conv 33', '0.01', '2.00 ± 0.00', '1.50 ± 0.71', '41.50 ± 0.71'],
    ]);
    const csv = await readFile(path.join(path.dirname(report.html), 'tables/sweep-1.csv'), 'utf8');
    expect(csv.split('\n')[1]).toMatch(/^cnn-33,0\.001,2,2,0,1\.5,0\.707\d*,5\.5,/);
    const text = await readFile(path.join(path.dirname(report.html), 'report.md'), 'utf8');
    expect(text).toContain('### Every value of the settings: MNIST');
  });

  test('is one table in the terminal, in place of one for each value', async () => {
    const printed = terminalTable(await reportModel(await readRun(run)));
    expect(printed).toMatch(/^MNIST · every value of the settings\nVariant +learning rate /);
    expect(printed.match(/CNN, conv 33/g)).toHaveLength(2);
    expect(printed).toContain('Choose a value by the validation error');
  });

  test('tells the data of each value apart in headings', async () => {
    const { benchmarks } = await reportModel(await readRun(run));
    expect(benchmarks.map(({ title }) => title)).toEqual([
      'MNIST, learning rate 0.001',
      'MNIST, learning rate 0.01',
    ]);
  });
});
