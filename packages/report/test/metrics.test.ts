import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeRecord } from '@weightmap/records';
import { makeRecord } from '@weightmap/test-utils/records';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reportOf } from './_report.js';

let run: string;
beforeAll(async () => {
  run = await mkdtemp(path.join(tmpdir(), 'weightmap-metrics-'));
});
afterAll(() => rm(run, { recursive: true, force: true }));

test('whatever metrics a record holds are a table, without a line of code for them', async () => {
  await writeRecord(
    run,
    makeRecord({
      trial: 1,
      metrics: { jump: 2, calm: 0.5 },
      metricNames: { calm: { label: 'Calmness', unit: '%' } },
    }),
  );
  await writeRecord(run, makeRecord({ trial: 2, metrics: { jump: 4 } }));
  await writeRecord(
    run,
    makeRecord({ variant: 'cnn-smooth-32', metrics: { jump: -0.123456, parts: { low: 1, high: 2 } } }),
  );
  const report = await reportOf(run);
  const { document } = parseHTML(await readFile(report.html, 'utf8'));
  const rows = [...document.querySelectorAll('#metrics tr')].map((row) =>
    [...row.querySelectorAll('th, td')].map(({ textContent }) => textContent.trim()),
  );
  expect(rows).toEqual([
    // A metric is called as its record names it, else by its id.
    ['Variant', 'jump', 'Calmness, %', 'parts: low', 'parts: high', 'n'],
    ['CNN, conv 33', '3 ± 1.414', '0.5', '–', '–', '2'],
    ['CNN, smoothing 32', '−0.1235', '–', '1', '2', '1'],
  ]);
  expect(await readFile(report.markdown, 'utf8')).toContain('| CNN, conv 33 | 3 ± 1.414 | 0.5 | – | – | 2 |');
  expect(await readFile(path.join(path.dirname(report.html), 'tables/metrics.csv'), 'utf8')).toContain(
    'MNIST,cnn-smooth-32,1,parts,low,1\n',
  );
});

test('a report without any has no such table', async () => {
  const empty = await mkdtemp(path.join(tmpdir(), 'weightmap-metrics-'));
  await writeRecord(empty, makeRecord());
  const report = await reportOf(empty);
  expect(await readFile(report.html, 'utf8')).not.toContain('id="metrics"');
  await rm(empty, { recursive: true });
});

test('figures that could not be measured are dashes with their reason', async () => {
  const missing = [
    { figure: 'flops', reason: 'no rule for a <Cube>' },
    { figure: 'calm', reason: 'too loud' },
  ];
  const metricNames = { calm: { label: 'Calmness', unit: '%' } };
  const folder = await mkdtemp(path.join(run, 'missing-'));
  for (const trial of [1, 2]) {
    const { flops: _, ...record } = makeRecord({ trial, metrics: {}, metricNames, missing });
    await writeRecord(folder, record);
  }
  const report = await reportOf(folder);
  const { document } = parseHTML(await readFile(report.html, 'utf8'));
  const [row] = [...document.querySelectorAll('table.results tbody tr:not(.absent):not(.group)')];
  const cells = [...row.querySelectorAll('td')].map((cell) => cell.textContent.trim());
  expect(cells.slice(-2)).toEqual([expect.stringMatching(/^–/), '–']);
  expect(document.querySelector('#results ul.sources')!.textContent.replace(/\s+/g, ' ')).toMatch(
    /FLOPs \(trials 1, 2\): no rule for a <Cube>.*Calmness \(trials 1, 2\): too loud/,
  );
  const text = await readFile(path.join(path.dirname(report.html), 'report.md'), 'utf8');
  expect(text).toContain('Calmness (trials 1, 2): too loud');
  const calm = [...document.querySelectorAll('#metrics tr')].map((one) =>
    one.textContent.replace(/\s+/g, ' ').trim(),
  );
  expect(calm).toEqual([expect.stringContaining('Calmness, %'), expect.stringMatching(/–\s*2$/)]);
});
