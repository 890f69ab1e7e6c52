import { closeSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { messageOf, WeightmapError } from '@weightmap/core';
import { openRegular } from '@weightmap/core/files';
import { cellName, cellPaths, findCellNamed, readManifest, tailOf } from '@weightmap/records';
import { Command } from 'commander';
import colours from 'picocolors';
import { SLURM_LOGS } from '../launchers/slurm.js';
import { readSubmissions, type Submission } from '../launchers/submissions.js';
import { attacksFolder } from '../attack/plan.js';
import { print } from '../terminal/output.js';

export function logsCommand(): Command {
  return new Command('logs')
    .argument('<run>', 'folder of the run')
    .argument(
      '<cell>',
      'id of the cell, its beginning, or its number in the list; or `attacks` for all workers of a campaign',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  weightmap logs runs/paper 5f1c0a\n  weightmap logs runs/paper attacks',
    )
    .action(async (run: string, wanted: string) => {
      const { name, files } = wanted === 'attacks' ? await attackLogs(run) : await cellLogs(run, wanted);
      const texts = files.flatMap((file) => {
        try {
          const text = endOf(run, file);
          return text === null ? [] : [`${colours.dim(file)}\n${text}`];
        } catch (error) {
          return [`${colours.dim(file)}\nleft out: ${messageOf(error)}`];
        }
      });
      if (texts.length === 0)
        throw new WeightmapError(`There is no output yet from ${name}.`, { where: files[0] ?? run });
      print(texts.join('\n').trimEnd());
    });
}

/** Bytes of each log that are printed, from its end. */
const SHOWN = 16 * 2 ** 20;

/** The end of a log; null if it has not been written yet. */
function endOf(run: string, file: string): string | null {
  const opened = openRegular(file, { within: run });
  if (!opened) return null;
  closeSync(opened.handle);
  return tailOf(file, SHOWN);
}

interface Logs {
  readonly name: string;
  readonly files: readonly string[];
}

async function cellLogs(run: string, wanted: string): Promise<Logs> {
  const manifest = await readManifest(run);
  const cell = findCellNamed(manifest, wanted);
  const index = manifest.cells.indexOf(cell);
  const slurm = (await slurmArrays(run, 'cells')).map(({ job, offset }) =>
    slurmLog(run, job, index - offset),
  );
  return { name: cellName(cell), files: [cellPaths(run, cell).log, ...slurm] };
}

async function attackLogs(run: string): Promise<Logs> {
  const jobs = new Set((await slurmArrays(run, 'attacks')).map(({ job }) => job));
  const local = namesIn(attacksFolder(run)).filter((name) => name.endsWith('.log'));
  const slurm = namesIn(path.join(run, SLURM_LOGS)).filter((name) =>
    jobs.has(/^slurm-(\d+)_/.exec(name)?.[1] ?? ''),
  );
  return {
    name: 'the workers of the campaign',
    files: [
      ...local.map((name) => path.join(attacksFolder(run), name)),
      ...slurm.map((name) => path.join(run, SLURM_LOGS, name)),
    ],
  };
}

/** The output file of a Slurm job; it exists once the job has started. */
const slurmLog = (run: string, job: string, task: number) =>
  path.join(run, SLURM_LOGS, `slurm-${job}_${task}.log`);

const slurmArrays = async (run: string, kind: Submission['kind']) =>
  (await readSubmissions(run)).flatMap((submission) =>
    submission.launcher === 'slurm' && submission.kind === kind ? submission.arrays : [],
  );

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
