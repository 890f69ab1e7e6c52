import { mkdir, rm } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { writeWhole } from '@weightmap/core/files';
import type { FillCommand } from './claims/index.js';
import { readAttackedRun, readRecords } from '@weightmap/records';
import { composePanels, toPng, type Panel } from './plot/svg.js';
import { corruptionCsv } from './html/corruptions-section.js';
import { attackedGrids, attackedPictures, attackedPicturesCsv } from './model/attacked-grids.js';
import { attackedGroups } from './model/attacked-networks.js';
import { verdictData } from './html/claims-section.js';
import { toCsv } from './csv.js';
import { figuresOf } from './figures/figures.js';
import { gradCamCsv, gradCamPanel } from './figures/grad-cam-panel.js';
import { gradCamGrids, picturedTrial } from './model/grad-cam-grid.js';
import { toLatex, type LatexTable } from './latex.js';
import { markdown } from './markdown.js';
import { missingData } from './html/missing.js';
import { page } from './html/page.js';
import { resultTables } from './model/paper-tables.js';
import { loadAlbum } from './model/pictures.js';
import { provenanceCsv } from './html/provenance.js';
import { resultData, resultLatex } from './model/result-data.js';
import { summarise } from './model/summarise.js';
import type { PageOptions } from './html/sections.js';
import type { Summary } from './model/summary.js';

export interface ReportOptions {
  /** What the report names as the command that makes it again. */
  command?: string;
  /** Gives the command that makes missing results. Without it, none is named. */
  fill?: FillCommand;
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

/** The page stays under 2 MB; pictures get what the rest leaves of this. */
const PAGE_BYTES = 1_900_000;

/**
 * Writes `<run>/report`: `index.html` (one file, no network), `report.md`, `figures/*.svg` and `*.png`, `tables/*.csv` and
 * `*.tex`.
 *
 * Made of the record files and the pictures beside them alone: the same files give the same report.
 *
 * @throws WeightmapError if there is no such run.
 */
export async function buildReport(run: string, { command, fill }: ReportOptions = {}): Promise<BuiltReport> {
  const stored = await readRecords(run);
  const name = basename(resolve(run));
  const summary = summarise(stored, { run: isAbsolute(run) ? name : run, fill });
  const made = command ?? `weightmap report ${name}`;
  const pictured = summary.benchmarks.flatMap(({ variants }) =>
    variants.flatMap((variant) => picturedTrial(variant) ?? []),
  );
  const attacked = readAttackedRun(run);
  const underAttack = (attacked?.cells ?? []).flatMap((cell) => attackedPictures(run, cell) ?? []);
  const album = await loadAlbum(run, [...pictured, ...underAttack]);
  const figures = figuresOf(summary, attacked);

  const folder = join(run, 'report');
  const [pictures, tables] = [join(folder, 'figures'), join(folder, 'tables')];
  // What an earlier report drew and this one does not is no longer true.
  for (const old of [pictures, tables]) {
    await rm(old, { recursive: true, force: true });
    await mkdir(old, { recursive: true });
  }
  for (const { id, heading, panels, columns, csv } of figures) {
    await writeFigure(pictures, { id, heading, panels, columns });
    await writeWhole(join(tables, `${id}.csv`), csv);
  }
  const groups = attacked ? attackedGroups(attacked, summary.benchmarks) : [];
  for (const grid of [...gradCamGrids(summary.benchmarks, album), ...attackedGrids(run, groups, album)]) {
    const panel = gradCamPanel(grid, album);
    await writeFigure(pictures, { id: grid.id, heading: grid.title, panels: [panel], columns: 1 });
  }
  await writeTables(tables, summary);
  if (attacked && underAttack.length > 0)
    await writeWhole(join(tables, 'attacked-grad-cam.csv'), attackedPicturesCsv(attacked.cells));
  if (attacked?.corruptions)
    await writeWhole(join(tables, 'corruptions.csv'), corruptionCsv(attacked.corruptions));
  const options = { summary, figures, album, attacked, run, command: made };
  await writeWhole(join(folder, 'report.md'), markdown(options));
  await writeWhole(join(folder, 'index.html'), fittingPage(options));
  return {
    html: join(folder, 'index.html'),
    markdown: join(folder, 'report.md'),
    records: summary.recordCount,
    damaged: summary.damaged.length,
  };
}

/** The page with as many samples of pictures as it can hold. */
function fittingPage(options: PageOptions): string {
  for (let samples = options.album.of; ; samples--) {
    const text = page({ ...options, album: options.album.first(samples) });
    if (samples <= 0 || Buffer.byteLength(text) <= PAGE_BYTES) return text;
  }
}

/** A figure as SVG and as PNG. */
async function writeFigure(
  folder: string,
  {
    id,
    heading,
    panels,
    columns,
  }: { id: string; heading: string; panels: readonly Panel[]; columns: number },
): Promise<void> {
  const svg = composePanels(panels, { columns, title: heading });
  await writeWhole(join(folder, `${id}.svg`), `${svg}\n`);
  await writeWhole(join(folder, `${id}.png`), toPng(svg));
}

/** Tables as CSV, and those that a paper would print as LaTeX. */
async function writeTables(folder: string, summary: Summary): Promise<void> {
  const { benchmarks, verification, missing } = summary;
  const csv = (name: string, text: string) => writeWhole(join(folder, `${name}.csv`), text);
  const latex = (name: string, table: LatexTable) => writeWhole(join(folder, `${name}.tex`), toLatex(table));
  for (const table of resultTables(summary)) {
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
  if (missing.length > 0) await csv('missing', toCsv(missingData(summary)));
  if (benchmarks.some(({ variants }) => variants.some(picturedTrial)))
    await csv('grad-cam', gradCamCsv(benchmarks));
  await csv('provenance', provenanceCsv(summary));
}
