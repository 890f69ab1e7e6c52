import { readRun } from '@weightmap/records';
import { writeReport, type ReportOptions, type WrittenReport } from '../src/index.js';

/** Reads a run's folder and writes its report. */
export const reportOf = async (folder: string, options?: ReportOptions): Promise<WrittenReport> =>
  writeReport(await readRun(folder), options);
