import { plainText, WeightmapError } from '@weightmap/core';
import { cellName, cellPaths, findCellNamed } from '@weightmap/records';
import { Command } from 'commander';
import { attackStates } from '../status/attack-states.js';
import { cellStates, type CellStatus } from '../status/cell-states.js';
import { cancelTasks } from '../launchers/slurm.js';
import { isAlive } from '../leases/process-identity.js';
import { leaseHolder } from '../leases/lease.js';
import { readSubmissions } from '../launchers/submissions.js';
import { print } from '../terminal/output.js';

export function cancelCommand(): Command {
  return new Command('cancel')
    .argument('<run>', 'folder of the run')
    .option('--cell <id>', 'only the cell with this id, its beginning, or its number in the list')
    .addHelpText(
      'after',
      '\nExamples:\n  weightmap cancel runs/paper\n  weightmap cancel runs/paper --cell 5f1c0a',
    )
    .action(async (run: string, { cell }: { cell?: string }) => {
      const lines = await (cell === undefined ? cancelRun(run) : cancelCell(run, cell));
      print(lines.map(plainText).join('\n'));
    });
}

async function cancelRun(run: string): Promise<string[]> {
  const states = await cellStates(run);
  const lines: string[] = [];
  const cancelled = new Set<number>();
  let launcherStops = false;
  let attacksCancelled = false;
  for (const submission of await readSubmissions(run)) {
    if (submission.launcher === 'slurm') {
      const tasks = await cancelTasks(submission, null);
      if (submission.kind === 'cells') for (const index of tasks) cancelled.add(index);
      else attacksCancelled ||= tasks.length > 0;
      if (tasks.length > 0)
        lines.push(`cancelled Slurm job ${submission.arrays.map(({ job }) => job).join(', ')}`);
    } else if (isAlive(submission.process)) {
      process.kill(submission.process.pid, 'SIGTERM');
      launcherStops = true;
      lines.push(`asked the launcher (process ${submission.process.pid}) to stop after the current steps`);
    } else if (isAlive(submission.process) === null)
      lines.push(
        `a launcher runs on ${submission.process.host} (process ${submission.process.pid}): cancel it there`,
      );
  }
  // Workers without a launcher: started by hand, or left by one that was killed.
  if (!launcherStops) {
    for (const status of states)
      if (status.state === 'running' && !cancelled.has(status.index)) lines.push(stopWorker(run, status));
    const attacks = attacksCancelled ? null : await attackStates(run);
    for (const { part, state } of attacks?.parts ?? [])
      if (state === 'running') lines.push(stopHolder(part.folder, part.name));
  }
  return lines.length > 0 ? lines : ['nothing is running or queued'];
}

async function cancelCell(run: string, wanted: string): Promise<string[]> {
  const states = await cellStates(run);
  const cell = findCellNamed({ cells: states.map((status) => status.cell) }, wanted);
  const status = states.find((found) => found.cell === cell)!;
  for (const submission of await readSubmissions(run))
    if (submission.launcher === 'slurm' && submission.kind === 'cells')
      await cancelTasks(submission, new Set([status.index]));
  if (status.state === 'running') return [stopWorker(run, status)];
  return [
    status.state === 'queued'
      ? `removed ${cellName(status.cell)} from the queue`
      : `${cellName(status.cell)} is ${status.state}: nothing to stop`,
  ];
}

/** Asks the process that works on a cell to stop, if it runs on this machine. */
const stopWorker = (run: string, { cell }: CellStatus): string =>
  stopHolder(cellPaths(run, cell).folder, cellName(cell));

function stopHolder(folder: string, name: string): string {
  const held = leaseHolder(folder);
  if (!held) return `${name} has just ended`;
  const { host, pid } = held.holder;
  if (!isAlive(held.holder))
    return `${name}: process ${pid} runs on ${host}: cancel it there, unless its batch system has just stopped it`;
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    throw new WeightmapError(`Process ${pid} can't be stopped: ${(error as Error).message}.`, {
      fix: 'cancel it as the user who started it',
    });
  }
  return `${name}: asked process ${pid} to stop after its current step`;
}
