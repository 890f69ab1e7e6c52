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
