import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '@weightmap/core/files';
import type { Run } from '@weightmap/records';
import { toCsv } from './csv.js';
import { gradCamCsv, gradCamPanel } from './figures/grad-cam-panel.js';
import { corruptionCsv } from './html/corruptions-section.js';
import { page } from './html/page.js';
import { toLatex, type LatexTable } from './latex.js';
import { markdown } from './markdown.js';
import { attackedPicturesCsv } from './model/attacked-grids.js';
import { metricsCsv } from './model/metrics.js';
import { missingData } from './model/missing.js';
import { provenanceCsv } from './model/provenance.js';
import { resultData, resultLatex } from './model/result-data.js';
import { verdictData } from './model/verdicts.js';
import { composePanels, toPng, type Panel } from './plot/svg.js';
import { reportModel, type ReportModel, type ReportOptions } from './report-model.js';

/** Where a report was written, and its model. */
export interface WrittenReport {
  /** Path of the page. */
  readonly html: string;
  /** Path of the report in Markdown. */
  readonly markdown: string;
  /** Everything that it shows. */
  readonly model: ReportModel;
}

/**
 * Draws the report of a run as one HTML page that needs no other file.
 *
 * @param run from `readRun`.
 * @returns the page: tables, figures, the pictures beside the records.
 */
export const renderReport = async (run: Run, options: ReportOptions = {}): Promise<string> =>
  page(await reportModel(run, options));

/**
 * Writes `<run>/report`: `index.html` (one file, no network), `report.md`, `figures/*.svg` and `*.png`, `tables/*.csv` and
 * `*.tex`.
 *
 * Made of the run's records, the results of attacks and the pictures beside them alone: the same files give the same report.
 *
 * @param run from `readRun`.
 * @throws WeightmapError if the folder can't be written to.
 */
export async function writeReport(run: Run, options: ReportOptions = {}): Promise<WrittenReport> {
  const model = await reportModel(run, options);
  const folder = join(run.folder, 'report');
  await writeFigures(join(folder, 'figures'), model);
  await writeTables(join(folder, 'tables'), model);
  const written = { html: join(folder, 'index.html'), markdown: join(folder, 'report.md'), model };
  await writeWhole(written.markdown, markdown(model));
  await writeWhole(written.html, page(model));
  return written;
}

/** An earlier report may have files that this one doesn't have. */
async function empty(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
}

/** Each figure as SVG and as PNG. */
async function writeFigures(folder: string, { figures, pictures }: ReportModel): Promise<void> {
  await empty(folder);
  const write = async (id: string, title: string, panels: readonly Panel[], columns: number) => {
    const svg = composePanels(panels, { columns, title });
    await writeWhole(join(folder, `${id}.svg`), `${svg}\n`);
    await writeWhole(join(folder, `${id}.png`), toPng(svg));
  };
  for (const { id, heading, panels, columns } of figures) await write(id, heading, panels, columns);
  for (const grid of [...pictures.grids, ...pictures.attackedGrids])
    await write(grid.id, grid.title, [gradCamPanel(grid, pictures.album)], 1);
}

/** Tables as CSV, and those that a paper would print as LaTeX. */
async function writeTables(folder: string, model: ReportModel): Promise<void> {
  await empty(folder);
  const { benchmarks, verification, missing, pictures } = model;
  const attacked = model.attacks?.results;
  const csv = (name: string, text: string) => writeWhole(join(folder, `${name}.csv`), text);
  const latex = (name: string, table: LatexTable) => writeWhole(join(folder, `${name}.tex`), toLatex(table));
  for (const figure of model.figures) await csv(figure.id, figure.csv);
  for (const table of model.tables) {
    await csv(table.id, toCsv(resultData([table])));
    await latex(table.id, resultLatex(table));
  }
  await latex('claims', {
    ...verdictData(verification.claims),
    caption:
      'The claims: verdict, trials, comparisons as claimed and otherwise, and the one that it rests on.',
    label: 'tab:claims',
    words: 2,
  });
  if (model.metrics.length > 0) await csv('metrics', metricsCsv(benchmarks));
  if (missing.length > 0) await csv('missing', toCsv(missingData(model)));
  if (pictures.inRecords) await csv('grad-cam', gradCamCsv(benchmarks));
  if (attacked && pictures.underAttack) await csv('attacked-grad-cam', attackedPicturesCsv(attacked.cells));
  if (attacked?.corruptions) await csv('corruptions', corruptionCsv(attacked.corruptions));
  await csv('provenance', provenanceCsv(model));
}
