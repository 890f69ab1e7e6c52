import { access, constants, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, WeightmapError, type SplitUnit } from '@weightmap/core';
import { startEngine } from '@weightmap/engine';
import colours from 'picocolors';
import { shellWord } from './_shell-word.js';
import { stopOnSignal } from './_stop-on-signal.js';
import { dryRun } from './dry-run.js';
import { EXIT } from './exit-codes.js';
import { defaultWorkers } from './launchers/cores.js';
import { launchLocally } from './launchers/local.js';
import { writeManifest } from './manifest.js';
import { planGrid } from './plan-grid.js';
import { adjustPreset, type PresetChanges } from './presets.js';
import { startDisplay, type Display } from './progress-display.js';
import { readRecords } from './records/index.js';
import { buildReport, summarise, terminalTable } from './report/index.js';
import { unfinishedCells } from './unfinished-cells.js';

export interface RunOptions extends PresetChanges {
  preset: string;
  /** Ids or globs. */
  select?: readonly string[];
  /** Ids. */
  dataset?: readonly string[];
  seed: number;
  out?: string;
  data?: string;
  imagesPerClass?: number;
  splitBy?: SplitUnit;
  offline?: boolean;
  /** Of each process. */
  threads: number;
  /** Processes at a time. Default: as many as there are cores and memory for. */
  workers?: number;
  force?: boolean;
  /** Whether each cell writes TensorBoard logs. */
  tensorboard?: boolean;
  dryRun?: boolean;
}

/**
 * Runs every unfinished cell of a grid, several at a time, and writes the report.
 *
 * @returns the exit code.
 */
export async function runGrid(options: RunOptions): Promise<number> {
  const preset = adjustPreset(options.preset, options);
  const run = options.out ?? path.join('runs', options.preset);
  const display = startDisplay();
  const engine = await startEngine({ threads: options.threads });
  const data = {
    seed: options.seed,
    dataDir: options.data === undefined ? undefined : path.resolve(options.data),
    imagesPerClass: options.imagesPerClass ?? preset.limits.imagesPerClass ?? undefined,
    splitBy: options.splitBy,
  };
  const { cells, specs, notes } = await planGrid(preset, {
    ...{ select: options.select, datasets: options.dataset, ...data, offline: options.offline },
    ...{ onProgress: display.progress, onNote: display.note },
  });
  const variants = new Set(cells.map(({ variant }) => variant)).size;
  const labels = [...new Set(cells.map(({ dataset }) => dataset.label))].join(', ');
  display.line(
    `${colours.bold(`weightmap ${options.preset}`)}: ${counted(cells.length, 'cell')} (${counted(variants, 'variant')}, ${counted(preset.trials, 'trial')}), ` +
      `${counted(preset.training.epochs, 'epoch')}, ${labels} → ${run}`,
  );
  for (const note of notes) display.note(note);
  const { threads } = options;
  const workers = Math.min(options.workers ?? defaultWorkers(threads), Math.max(cells.length, 1));
  const version = engine.tensorflow ? ` (TensorFlow ${engine.tensorflow})` : '';
  display.line(
    `engine: ${engine.name}${version}, ${counted(workers, 'process', 'es')} of ${counted(threads, 'thread')}`,
  );
  if (engine.slowerBecause) display.note(`${engine.slowerBecause}; \`weightmap doctor\` says how to fix it`);
  if (options.dryRun) {
    const onNetwork = (done: number, total: number) =>
      display.progress({ stage: 'timing a few steps of each network', done, total });
    display.line(await dryRun(cells, { specs, workers, onNetwork }));
    return EXIT.done;
  }

  await checkWritable(run);
  const unfinished = await unfinishedCells(run, cells, options.force ?? false);
  if (unfinished.length < cells.length)
    display.note(`${cells.length - unfinished.length} of ${cells.length} cells are done already`);
  const { gradCamSamples } = preset;
  const tensorboard = options.tensorboard ?? false;
  await writeManifest(run, { preset: options.preset, cells, gradCamSamples, tensorboard, data });
  const stop = stopOnSignal(display.note);
  const failures = await launchLocally(unfinished, { run, workers, threads, stop, display });
  await printResult(run, display);
  if (stop.aborted) {
    display.line('stopped; the same command continues from the last checkpoints');
    return EXIT['stopped, continue with the same command'];
  }
  for (const failure of failures) display.line(`${colours.red('failed')} ${failure}`);
  return failures.length ? EXIT.failed : EXIT.done;
}

/** Finds out before hours of work, not after. */
async function checkWritable(run: string): Promise<void> {
  try {
    await mkdir(run, { recursive: true });
    await access(run, constants.W_OK);
  } catch (error) {
    throw new WeightmapError("Results can't be written.", {
      where: messageOf(error),
      fix: 'choose another folder by --out',
    });
  }
}

const counted = (n: number, what: string, plural = 's') => `${n} ${what}${n === 1 ? '' : plural}`;

async function printResult(run: string, display: Display): Promise<void> {
  const stored = await readRecords(run);
  for (const { file, reason } of stored.damaged) display.note(`damaged record left out: ${file} (${reason})`);
  if (stored.records.length === 0) return;
  const report = await buildReport(run, {
    command: `weightmap ${process.argv.slice(2).map(shellWord).join(' ')}`,
  });
  display.line(`\n${terminalTable(summarise(stored), { colour: colours.isColorSupported })}`);
  display.line(`\nreport: ${report.html}`);
}
