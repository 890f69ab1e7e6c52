import { mkdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { writeWhole } from '@weightmap/core/files';
import { readRecords } from '../records/index.js';
import { composePanels, toPng } from './_svg.js';
import { figuresOf } from './figures.js';
import { picturedTrial } from './grad-cam-grid.js';
import { markdown } from './markdown.js';
import { page } from './page.js';
import { loadPictures } from './pictures.js';
import { provenanceCsv } from './provenance.js';
import { summarise } from './summarise.js';

export interface ReportOptions {
  /** What the report names as the command that makes it again. */
  command?: string;
}

export interface BuiltReport {
  /** Path of the page. */
  readonly html: string;
  readonly markdown: string;
  /** Records that the report is made of. */
  readonly records: number;
  /** Records that could not be used; the report names them. */
  readonly damaged: number;
}

/**
 * Writes `<run>/report`: `index.html` (one file, no network), `report.md`, `figures/*.svg` and `*.png`, `tables/*.csv`.
 *
 * Made of the record files and the pictures beside them alone: the same files give the same report.
 *
 * @throws WeightmapError if there is no such run.
 */
export async function buildReport(run: string, { command }: ReportOptions = {}): Promise<BuiltReport> {
  const stored = await readRecords(run);
  const summary = summarise(stored);
  const made = command ?? `weightmap report ${basename(resolve(run))}`;
  const pictured = summary.benchmarks.flatMap(({ variants }) =>
    variants.flatMap((variant) => picturedTrial(variant) ?? []),
  );
  const pictures = await loadPictures(run, pictured);

  const folder = join(run, 'report');
  const [figures, tables] = [join(folder, 'figures'), join(folder, 'tables')];
  // What an earlier report drew and this one does not is no longer true.
  for (const made of [figures, tables]) {
    await rm(made, { recursive: true, force: true });
    await mkdir(made, { recursive: true });
  }
  for (const { id, heading, panels, columns, csv } of figuresOf(summary)) {
    const svg = composePanels(panels, { columns, title: heading });
    await writeWhole(join(figures, `${id}.svg`), `${svg}\n`);
    await writeWhole(join(figures, `${id}.png`), toPng(svg));
    await writeWhole(join(tables, `${id}.csv`), csv);
  }
  await writeWhole(join(tables, 'provenance.csv'), provenanceCsv(summary));
  await writeWhole(join(folder, 'report.md'), markdown(summary, { command: made }));
  await writeWhole(join(folder, 'index.html'), page({ summary, pictures, command: made }));
  return {
    html: join(folder, 'index.html'),
    markdown: join(folder, 'report.md'),
    records: summary.recordCount,
    damaged: summary.damaged.length,
  };
}
