import { readFileSync } from 'node:fs';
import path from 'node:path';
import { WeightmapError } from '@weightmap/core';
import { Command } from 'commander';
import colours from 'picocolors';
import { SLURM_LOGS } from '../launchers/slurm.js';
import { findCellNamed, readManifest } from '../plan/manifest.js';
import { cellPaths } from '../records/index.js';
import { readSubmissions } from '../launchers/submissions.js';
import { cellName } from '../cells/cell-name.js';

export function logsCommand(): Command {
  return new Command('logs')
    .argument('<run>', 'folder of the run')
    .argument('<cell>', 'id of the cell, or its beginning, or its place in the list')
    .addHelpText('after', '\nExample:\n  weightmap logs runs/paper 5f1c0a')
    .action(async (run: string, wanted: string) => {
      const manifest = await readManifest(run);
      const cell = findCellNamed(manifest, wanted);
      const index = manifest.cells.indexOf(cell);
      const files = [cellPaths(run, cell).log, ...(await slurmLogs(run, index))];
      const texts = files.flatMap((file) => {
        try {
          return [`${colours.dim(file)}\n${readFileSync(file, 'utf8')}`];
        } catch {
          return []; // not written yet
        }
      });
      if (texts.length === 0)
        throw new WeightmapError(`${cellName(cell)} has printed nothing yet.`, { where: files[0] });
      console.log(texts.join('\n').trimEnd());
    });
}

/** What Slurm keeps of a cell's jobs, if they have begun. */
const slurmLogs = async (run: string, index: number): Promise<string[]> =>
  (await readSubmissions(run))
    .flatMap((submission) => (submission.launcher === 'slurm' ? submission.arrays : []))
    .map(({ job, offset }) => path.join(run, SLURM_LOGS, `slurm-${job}_${index - offset}.log`));
