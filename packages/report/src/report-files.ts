import { toCsv } from './csv.js';
import { gradCamCsv, gradCamPanel } from './figures/grad-cam-panel.js';
import { corruptionCsv } from './html/corruptions-section.js';
import { page } from './html/page.js';
import { weightMapFile } from './figures/weight-maps.js';
import { toLatex, type LatexTable } from './latex.js';
import { markdown } from './markdown.js';
import { attackedPicturesCsv } from './model/attacked-grids.js';
import { rejectionData } from './model/compared-table.js';
import { concernsPaper } from './model/headline.js';
import { metricsCsv } from './model/metrics.js';
import { missingData } from './model/missing.js';
import { provenanceCsv } from './model/provenance.js';
import { resultData, resultLatex } from './model/result-data.js';
import { sweepCsv } from './model/sweep.js';
import { verdictData } from './model/verdicts.js';
import { composePanels, toPng, type Panel } from './plot/svg.js';
import type { ReportModel } from './report-model.js';

/** A file of a report. */
export interface ReportFile {
  /** Relative to the report's folder, with `/`. */
  readonly name: string;
  readonly data: string | Uint8Array;
}

/** All files of a report, one after another. */
export function* reportFiles(model: ReportModel): Generator<ReportFile> {
  yield* figureFiles(model);
  yield* tableFiles(model);
  yield { name: 'report.md', data: markdown(model) };
  yield { name: 'index.html', data: page(model) };
}

/** Each figure as SVG and as PNG. */
function* figureFiles({ figures, pictures, weightMaps }: ReportModel): Generator<ReportFile> {
  for (const drawn of weightMaps) yield { name: weightMapFile(drawn), data: drawn.png };
  for (const { id, heading, panels, columns } of figures) yield* pictureFiles(id, heading, panels, columns);
  for (const grid of [...pictures.grids, ...pictures.attackedGrids])
    yield* pictureFiles(grid.id, grid.title, [gradCamPanel(grid, pictures.album)], 1);
}

function* pictureFiles(
  id: string,
  title: string,
  panels: readonly Panel[],
  columns: number,
): Generator<ReportFile> {
  const svg = composePanels(panels, { columns, title });
  yield { name: `figures/${id}.svg`, data: `${svg}\n` };
  yield { name: `figures/${id}.png`, data: toPng(svg) };
}

/** Tables as CSV, and those that a paper would print as LaTeX. */
function* tableFiles(model: ReportModel): Generator<ReportFile> {
  const { benchmarks, verification, missing, pictures } = model;
  const attacked = model.attacks?.results;
  const csv = (name: string, data: string) => ({ name: `tables/${name}.csv`, data });
  const latex = (name: string, table: LatexTable) => ({ name: `tables/${name}.tex`, data: toLatex(table) });
  for (const figure of model.figures) yield csv(figure.id, figure.csv);
  for (const table of model.tables) {
    yield csv(table.id, toCsv(resultData([table])));
    yield latex(table.id, resultLatex(table));
  }
  if (concernsPaper(benchmarks))
    yield latex('claims', {
      ...verdictData(verification.claims),
      caption:
        'The claims: verdict, trials, comparisons as claimed and otherwise, and the one that it rests on.',
      label: 'tab:claims',
      words: 2,
    });
  for (const table of model.sweeps) yield csv(table.id, sweepCsv(table));
  if (model.metrics.length > 0) yield csv('metrics', metricsCsv(benchmarks));
  if (missing.length > 0) yield csv('missing', toCsv(missingData(model)));
  if (pictures.inRecords) yield csv('grad-cam', gradCamCsv(benchmarks));
  if (attacked && pictures.underAttack) yield csv('attacked-grad-cam', attackedPicturesCsv(attacked.cells));
  if (model.attacks && model.attacks.compared.length > 0)
    yield csv('rejection', toCsv(rejectionData(model.attacks.compared)));
  if (attacked?.corruptions) yield csv('corruptions', corruptionCsv(attacked.corruptions));
  yield csv('provenance', provenanceCsv(model));
}
