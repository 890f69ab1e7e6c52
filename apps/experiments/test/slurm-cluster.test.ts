// On a real Slurm, started by `nx run experiments:slurm-test` (tools/slurm); nothing without one.
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cellPaths } from '@weightmap/records';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slurmCommand } from '../src/slurm/slurm-command.js';
import { cellStates, type CellStatus } from '../src/status/cell-states.js';
import { countStates, statusTable } from '../src/status/status-table.js';
import { weightmap as inFolder } from './_command.js';
import { scientificText } from './_scientific.js';

const grid = [
  'run',
  'quick',
  '--dataset',
  'digits',
  '--select',
  'cnn-33',
  '--trials',
  '5',
  '--epochs',
  '3',
  '--checkpoint-seconds',
  '1',
];
let work: string;

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-slurm-'));
});
afterAll(() => rm(work, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 }));

async function weightmap(...args: string[]): Promise<string> {
  const { code, stdout, output } = await inFolder(args, { work });
  if (code !== 0) throw new Error(`${args.join(' ')} → ${code}\n${output}`);
  return stdout;
}

/** Looks until the condition holds; the state is in the error if it never does. */
async function until(
  run: string,
  what: string,
  holds: (cells: CellStatus[]) => boolean,
): Promise<CellStatus[]> {
  const deadline = performance.now() + 600_000;
  for (;;) {
    const cells = await cellStates(run);
    if (holds(cells)) return cells;
    if (performance.now() > deadline) throw new Error(`never ${what}: ${statusTable(cells, { all: true })}`);
    await sleep(100);
  }
}

const isQuiet = (cells: CellStatus[]) =>
  !cells.some(({ state }) => state === 'running' || state === 'queued');

/** A cell in training that isn't among `others`, past its first checkpoint. */
async function inTraining(run: string, others: readonly CellStatus[] = []): Promise<CellStatus> {
  const isIt = ({ index, state, running, cell }: CellStatus) =>
    state === 'running' &&
    running!.stage === 'train' &&
    !others.some((other) => other.index === index) &&
    existsSync(path.join(cellPaths(run, cell).checkpoint, 'last.ckpt'));
  return (await until(run, 'another cell in training', (cells) => cells.some(isIt))).find(isIt)!;
}

const scientific = (run: string, { cell }: CellStatus): string => scientificText(cellPaths(run, cell).folder);

const eventsOf = (run: string, { cell }: CellStatus) => readFileSync(cellPaths(run, cell).events, 'utf8');

describe.runIf(process.env.SLURM_CONF !== undefined)('a grid on Slurm', () => {
  it(
    'survives preemption, the end of its time, a kill and a cancellation, and equals the local run',
    { timeout: 3_600_000 },
    async () => {
      const [local, run] = ['local', 'on slurm ü "run" \'%a\''].map((name) => path.join(work, name));
      await weightmap(...grid, '--out', local);

      const said = await weightmap(...grid, '--out', run, '--launcher', 'slurm', '--workers', '2');
      const [, job] = /job (\d+) with 5 cells/.exec(said)!;
      const [file] = readdirSync(path.join(run, 'submissions'));
      const submission = JSON.parse(readFileSync(path.join(run, 'submissions', file), 'utf8')) as {
        arrays: object[];
      };
      expect(submission.arrays).toHaveLength(1);

      // Preempted: Slurm ends the job and puts it back into the queue.
      const preempted = await inTraining(run);
      await slurmCommand('scontrol', ['requeue', `${job}_${preempted.index}`]);
      // Its time is up: the worker puts itself back. (Not by scancel, which goes on trying when the job is back in the queue.)
      const late = await inTraining(run, [preempted]);
      process.kill(late.running!.pid, 'SIGUSR2');
      // Killed: nobody puts it back.
      const killed = await inTraining(run, [preempted, late]);
      process.kill(killed.running!.pid, 'SIGKILL');
      // Cancelled by us.
      const cancelled = await inTraining(run, [preempted, late, killed]);
      await weightmap('cancel', run, '--cell', cancelled.id);
      const disturbed = [preempted, late, killed, cancelled].map(({ index }) => index);

      const quiet = await until(run, 'quiet', isQuiet);
      expect(disturbed.map((index) => quiet[index].state)).toEqual(['done', 'done', 'stopped', 'stopped']);
      expect(await weightmap('retry', run, '--launcher', 'slurm')).toContain('with 2 cells');
      const cells = await until(run, 'done', (all) => all.every(({ state }) => state === 'done'));
      expect(await weightmap('status', run)).toContain('5 cells: 5 done');

      for (const cell of cells) {
        expect(scientific(run, cell), cell.id).toBe(scientific(local, cell));
        expect(eventsOf(run, cell).match(/"event":"done"/g)).toHaveLength(1);
      }
      expect(eventsOf(run, preempted)).toContain('"by":"SIGTERM"');
      expect(eventsOf(run, late)).toContain('"by":"SIGUSR2"');
      for (const cell of disturbed.map((index) => cells[index])) {
        const starts = eventsOf(run, cell).match(/"event":"started"/g)!.length;
        const history = readFileSync(cellPaths(run, cell.cell).history, 'utf8');
        expect(starts, cell.id).toBeGreaterThanOrEqual(2);
        expect(history.trim().split('\n')).toHaveLength(3);
      }
      expect(await weightmap('logs', run, late.id)).toContain('its time is up: requeued');

      // The last job writes the report.
      const deadline = performance.now() + 600_000;
      while (!existsSync(path.join(run, 'report/index.html')) && performance.now() < deadline)
        await sleep(300);
      expect(existsSync(path.join(run, 'report/index.html'))).toBe(true);
    },
  );

  it('cancels all that is queued or runs', { timeout: 3_600_000 }, async () => {
    const run = path.join(work, 'cancelled');
    await weightmap(...grid, '--out', run, '--launcher', 'slurm', '--workers', '1');
    await inTraining(run);
    expect(countStates(await cellStates(run))).toMatchObject({ running: 1, queued: 4 });
    expect(await weightmap('cancel', run)).toContain('cancelled Slurm job');
    const cells = await until(run, 'stopped', isQuiet);
    expect(countStates(cells)).toMatchObject({ stopped: 1, waiting: 4 });
  });

  it(
    'attacks by workers that share the parts, to the same bytes as locally',
    { timeout: 600_000 },
    async () => {
      const [local, run] = ['attacked locally', 'attacked'].map((name) => path.join(work, name));
      const smoke = ['run', 'smoke', '--dataset', 'digits', '--select', 'cnn-33,cnn-smooth-32'];
      await weightmap(...smoke, '--out', local);
      cpSync(local, run, { recursive: true });
      const attack = [
        '--attacks',
        'fgsm,pgd,apgd-ce',
        '--epsilons',
        '0.05,0.1',
        '--images',
        '40',
        '--masking',
        '0',
      ];
      await weightmap('attack', local, ...attack);

      const said = await weightmap('attack', run, ...attack, '--launcher', 'slurm', '--workers', '2');
      expect(said).toMatch(/submitted to Slurm: job \d+ with 10 parts for 2 workers/);
      // The last job puts the results together.
      const file = path.join(run, 'attacks.json');
      const deadline = performance.now() + 500_000;
      while (!existsSync(file) && performance.now() < deadline) await sleep(300);
      expect(readFileSync(file, 'utf8')).toBe(readFileSync(path.join(local, 'attacks.json'), 'utf8'));
      expect(await weightmap('status', run)).toContain('attacks: 10 parts: 10 done');
      expect(await weightmap('logs', run, 'attacks')).toContain('cnn-33 trial 1: PGD, images 1–40');
    },
  );
});
