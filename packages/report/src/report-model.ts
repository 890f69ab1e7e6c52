import { basename, isAbsolute, resolve } from 'node:path';
import { attackedPictures, type Run } from '@weightmap/records';
import type { FillCommand } from './claims/index.js';
import { figuresOf, type Figure } from './figures/figures.js';
import { loadAlbum, type Album } from './figures/pictures.js';
import { mainPairing } from './model/answer.js';
import { loadWeightMaps, type DrawnWeightMap } from './figures/weight-maps.js';
import { attackModel, type AttackModel } from './model/attack-model.js';
import { attackedGrids } from './model/attacked-grids.js';
import { gradCamGrids, picturedTrial, type Grid } from './model/grids.js';
import { metricTables, type MetricTable } from './model/metrics.js';
import { resultTables, type ResultTable } from './model/paper-tables.js';
import { summarise } from './model/summarise.js';
import { sweepTables, type SweepTable } from './model/sweep.js';
import type { Summary } from './model/summary.js';

/** How a report names commands. */
export interface ReportOptions {
  /** The command that the report names as the one that makes it again. Default: `weightmap report <run>`. */
  command?: string;
  /** Gives the command that makes missing results. Without it, none is named. */
  fill?: FillCommand;
}

/** Everything that a report shows, computed once. Page, Markdown, tables and pictures are functions of it. */
export interface ReportModel extends Summary {
  /** The command that makes the report again. */
  readonly command: string;
  /** The paper's tables with our results, then results on other data. */
  readonly tables: readonly ResultTable[];
  /** Settings that several values were trained with; empty without a sweep. */
  readonly sweeps: readonly SweepTable[];
  /** Further metrics that the records hold, such as those of plugins; one table for each benchmark that has some. */
  readonly metrics: readonly MetricTable[];
  /** Null if the networks were not attacked. */
  readonly attacks: AttackModel | null;
  /** In the order of the page. */
  readonly figures: readonly Figure[];
  /** What the networks of the first screen have learned; empty if the run doesn’t hold their weights. */
  readonly weightMaps: readonly DrawnWeightMap[];
  /** Pictures of Grad-CAM. */
  readonly pictures: ReportPictures;
}

/** Grad-CAM pictures: of the records, and of the same images under attack. */
export interface ReportPictures {
  /** Every picture, ready to be shown. */
  readonly album: Album;
  /** The same samples for the networks of an architecture. */
  readonly grids: readonly Grid[];
  /** The same images clean and attacked. */
  readonly attackedGrids: readonly Grid[];
  /** Whether any record has pictures. */
  readonly inRecords: boolean;
  /** Whether any attacked network has pictures. */
  readonly underAttack: boolean;
}

/**
 * Computes a report from a run: its records, the results of attacks, the pictures and the weights beside them.
 *
 * The same files give the same report.
 */
export async function reportModel(run: Run, { command, fill }: ReportOptions = {}): Promise<ReportModel> {
  const name = basename(resolve(run.folder));
  const summary = summarise(run, { run: isAbsolute(run.folder) ? name : run.folder, fill });
  const tables = resultTables(summary);
  const attacks = run.attacks && attackModel(run.attacks, summary.benchmarks);
  const inRecords = summary.benchmarks.flatMap(({ variants }) =>
    variants.flatMap((variant) => picturedTrial(variant) ?? []),
  );
  const underAttack = (run.attacks?.cells ?? []).flatMap((cell) => attackedPictures(run.folder, cell) ?? []);
  return {
    ...summary,
    command: command ?? `weightmap report ${name}`,
    tables,
    sweeps: sweepTables(summary.benchmarks),
    metrics: metricTables(summary.benchmarks),
    attacks,
    figures: figuresOf(summary, tables, attacks),
    weightMaps: await loadWeightMaps(run.folder, mainPairing(summary.benchmarks)?.maps ?? []),
    pictures: {
      album: await loadAlbum(run.folder, [...inRecords, ...underAttack]),
      grids: gradCamGrids(summary.benchmarks),
      attackedGrids: attackedGrids(run.folder, attacks?.groups ?? []),
      inRecords: inRecords.length > 0,
      underAttack: underAttack.length > 0,
    },
  };
}
