import { rounded } from './_turns.js';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  cellId,
  cellPaths,
  lastEvents,
  readManifest,
  readRecords,
  type CellConfig,
} from '@weightmap/records';
import { writeManifest } from '../plan/manifest.js';
import { cellStates } from '../status/cell-states.js';
import { standardEvaluation } from '../plan/presets.js';

/** The overhead of scheduling. */
export interface SchedulingRow {
  readonly what: 'status' | 'a cell';
  readonly cells: number;
  /** Of one status of the whole run; or of starting and finishing one cell. */
  readonly seconds: number;
  /** A cell must take so long for its overhead to be 1 % of its time. */
  readonly onePercentOfSeconds?: number;
}

const MANY = 10_000;
const FEW = 4;

/** Times `status` on a run of ten thousand cells, half of them done, and the overhead of a cell in a small grid. */
export async function benchScheduling(): Promise<SchedulingRow[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'weightmap-scheduling-'));
  try {
    return [await timeStatus(path.join(folder, 'many')), await timeCells(path.join(folder, 'few'))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timeStatus(run: string): Promise<SchedulingRow> {
  const cells = Array.from({ length: MANY }, (_, i) => madeCell(i + 1));
  await mkdir(run);
  await writeManifest(run, {
    preset: 'paper',
    data: { seed: 1 },
    gradCamSamples: 0,
    tensorboard: false,
    cells,
  });
  for (const cell of cells.slice(0, MANY / 2)) {
    const paths = cellPaths(run, cell);
    await mkdir(paths.folder, { recursive: true });
    await writeFile(paths.record, `${JSON.stringify({ cellId: cellId(cell) })}\n}\n`);
  }
  const started = performance.now();
  const states = await cellStates(run);
  const seconds = (performance.now() - started) / 1000;
  if (states.filter(({ state }) => state === 'done').length !== MANY / 2)
    throw new Error('status counted the wrong number of finished cells');
  return { what: 'status', cells: MANY, seconds: rounded(seconds) };
}

/** Runs cells on the digits one after another, each in its own process. */
async function timeCells(run: string): Promise<SchedulingRow> {
  const grid = ['run', 'smoke', '--dataset', 'digits', '--select', 'cnn-33', '--trials', String(FEW)];
  execFileSync(process.execPath, [process.argv[1], ...grid, '--workers', '1', '--out', run], {
    stdio: 'ignore',
  });
  const { cells } = await readManifest(run);
  const times = cells.flatMap((cell) =>
    lastEvents(cellPaths(run, cell).events, 2 ** 16)
      .filter(({ event }) => event === 'started' || event === 'done')
      .map(({ time }) => Date.parse(time) / 1000),
  );
  const { records } = await readRecords(run);
  const work = records.reduce(
    (sum, { record: { seconds } }) => sum + seconds.training + seconds.evaluation,
    0,
  );
  const seconds = (Math.max(...times) - Math.min(...times) - work) / FEW;
  return {
    what: 'a cell',
    cells: FEW,
    seconds: rounded(seconds),
    onePercentOfSeconds: Math.round(99 * seconds),
  };
}

const madeCell = (trial: number): CellConfig => ({
  variant: 'cnn-33',
  architecture: 'cnn',
  trial,
  seed: trial,
  dataset: {
    id: 'mnist',
    label: 'MNIST',
    checksum: 'a'.repeat(64),
    classes: 10,
    subsetSeed: 1,

    train: 54_000,
    validation: 6000,
    test: 10_000,
  },
  training: { epochs: 300, batchSize: 64, learningRate: 1e-3, augmentation: 'pad-crop', selection: 'last' },
  evaluation: standardEvaluation,
});
