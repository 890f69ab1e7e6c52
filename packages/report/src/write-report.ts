import { join } from 'node:path';
import { WeightmapError } from '@weightmap/core';
import { confine, replaceFolder, writeWhole } from '@weightmap/core/files';
import type { Run } from '@weightmap/records';
import { drawn } from './_drawable-run.js';
import { page } from './html/page.js';
import { reportFiles } from './report-files.js';
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
 * Draws the report of a run as one HTML page that needs no other file. A record that can't be drawn is named and left out.
 *
 * @param run from `readRun`.
 * @returns the page: tables, figures, the pictures beside the records.
 */
export const renderReport = (run: Run, options: ReportOptions = {}): Promise<string> =>
  drawn(run, async (usable) => page(await reportModel(usable, options)));

/**
 * Writes `<run>/report`: `index.html` (one file, no network), `report.md`, `figures/*.svg` and `*.png`, `tables/*.csv` and
 * `*.tex`.
 *
 * Made of the run's records, the results of attacks, and the pictures and weights beside them alone: the same files give the same report.
 * A record that can't be drawn is named and left out. The folder is written beside its place and then takes it, whole: an earlier
 * report stays as it is if anything fails, and of several reports at the same time one stays.
 *
 * @param run from `readRun`.
 * @throws WeightmapError if the folder can't be written to, or if a link leads out of the run.
 */
export async function writeReport(run: Run, options: ReportOptions = {}): Promise<WrittenReport> {
  confine(run.folder, join(run.folder, 'report'));
  const { model, files } = await drawn(run, async (usable) => {
    const made = await reportModel(usable, options);
    return { model: made, files: [...reportFiles(made)] };
  });
  const folder = join(run.folder, 'report');
  await replaceFolder(folder, async (made) => {
    for (const { name, data } of files) await writeWhole(join(made, name), data);
  }).catch((error: unknown) => {
    throw isRefused(error) ? unwritable(folder, error as Error) : error;
  });
  return { html: join(folder, 'index.html'), markdown: join(folder, 'report.md'), model };
}

const isRefused = (error: unknown): boolean =>
  error instanceof WeightmapError &&
  ['EROFS', 'EACCES', 'EPERM'].includes(String((error.cause as NodeJS.ErrnoException | undefined)?.code));

const unwritable = (folder: string, cause: Error) =>
  new WeightmapError(
    'The report can’t be written: its place is read-only, or belongs to somebody else.',
    {
      where: folder,
      fix: 'make the run’s folder writable, or copy the run to a folder that is and report there; `weightmap verify` only reads',
    },
    { cause },
  );
