// The measured table of docs/defenses.md is what the committed records give.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readRun } from '@weightmap/records';
import { expect, it } from 'vitest';
import { markdown } from '../src/markdown.js';
import { reportModel } from '../src/report-model.js';

const root = path.resolve(import.meta.dirname, '../../..');

/** The rows of the tables below a heading, without the padding that prettier adds. */
const tableRows = (text: string, heading: RegExp): string[] => {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => heading.test(line));
  const end = lines.findIndex((line, i) => i > at && line.startsWith('#'));
  return lines
    .slice(at, end < 0 ? undefined : end)
    .filter((line) => /^\|[^-]*\w/.test(line))
    .map((line) => line.replace(/ +/g, ' '));
};

it('docs/defenses.md shows the results of results/defenses, row by row', async () => {
  const run = await readRun(path.join(root, 'results/defenses'));
  const rendered = tableRows(markdown(await reportModel(run)), /^### Compared with other defences/);
  const shown = tableRows(await readFile(path.join(root, 'docs/defenses.md'), 'utf8'), /^## Measured/);
  expect(rendered.length).toBeGreaterThan(40);
  expect(shown).toEqual(rendered);
});
