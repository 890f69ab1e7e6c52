import { existsSync } from 'node:fs';
import { access, constants, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, WeightmapError } from '@weightmap/core';
import { startEngine } from '@weightmap/engine';
import { cellId, readManifest } from '@weightmap/records';
import colours from 'picocolors';
import { writeManifest } from '../plan/manifest.js';
import { shellWord } from '../terminal/shell-word.js';
import { stopOnSignal } from '../terminal/stop-on-signal.js';
import { dryRun } from '../plan/dry-run.js';
import { EXIT } from '../terminal/exit-codes.js';
import { finishRun } from '../finish-run.js';
import { cellWork } from '../launchers/cell-work.js';
import { defaultWorkers } from '../launchers/cores.js';
import { launchers } from '../launchers/index.js';
import { planGrid } from '../plan/plan-grid.js';
import { adjustPreset } from '../plan/presets.js';
import type { RunOptions } from '../plan/run-options.js';
import { storePlugins, usePlugins, usePluginsAgain } from '../plugins/stored-plugins.js';
import { startDisplay } from '../terminal/display.js';
import { unfinishedCells } from '../plan/unfinished-cells.js';

/**
 * Has every unfinished cell of a grid worked on, several at a time, and writes the report.
 *
 * @returns the exit code.
 */
export async function runGrid(options: RunOptions): Promise<number> {
  const preset = adjustPreset(options.preset, options);
  const run = options.out ?? path.join('runs', options.preset);
  const display = startDisplay();
  await usePlugins(options.plugins);
  const begun = existsSync(run) ? await readManifest(run).catch(() => null) : null;
  await usePluginsAgain(run, begun?.plugins, display.note);
  const engine = await startEngine({ threads: options.threads });
  const data = {
    seed: options.seed,
    dataDir: options.dataDir === undefined ? undefined : path.resolve(options.dataDir),
    imagesPerClass: options.imagesPerClass ?? preset.limits.imagesPerClass ?? undefined,
    splitBy: options.splitBy,
  };
  const plan = await planGrid(preset, {
    ...{ select: options.select, datasets: options.datasets, paperRows: options.paperRows },
    ...{ ...data, offline: options.offline, estimate: options.dryRun, command: sameCommand() },
    ...{ onProgress: display.progress, onNote: display.note },
  });
  const { cells, notes } = plan;
  const variants = new Set(cells.map(({ variant }) => variant)).size;
  const epochs = cells.map(({ training }) => training.epochs);
  // The last trial of each row.
  const trials = [
    ...new Map(cells.map((cell) => [`${cell.dataset.id}/${cell.variant}`, cell.trial])).values(),
  ];
  const labels = [...new Set(cells.map(({ dataset }) => dataset.label))].join(', ');
  display.line(
    `${colours.bold(`weightmap ${options.preset}`)}: ${counted(cells.length, 'cell')} (${counted(variants, 'variant')}, ${spread(trials, 'trial')}), ` +
      `${spread(epochs, 'epoch')}, ${labels || 'no data'} → ${run}`,
  );
  for (const note of notes) display.note(note);
  const { threads } = options;
  const workers = Math.min(options.workers ?? defaultWorkers(threads), Math.max(cells.length, 1));
  const version = engine.tensorflow ? ` (TensorFlow ${engine.tensorflow})` : '';
  const processes = `${counted(workers, 'process', 'es')} of ${counted(threads, 'thread')}`;
  const where = options.launcher === 'local' ? processes : `launched by ${options.launcher}`;
  display.line(`engine: ${engine.name}${version}, ${where}`);
  if (engine.slowerBecause) display.note(`${engine.slowerBecause}; \`weightmap doctor\` says how to fix it`);
  if (options.dryRun) {
    const onNetwork = (done: number, total: number) =>
      display.progress({ stage: 'timing a few steps of each network', done, total });
    display.line(await dryRun(plan, { workers, onNetwork }));
    return EXIT.done;
  }

  await checkWritable(run);
  const unfinished = await unfinishedCells(run, cells, options.force ?? false);
  if (unfinished.length < cells.length)
    display.note(`${cells.length - unfinished.length} of ${cells.length} cells are done already`);
  const { gradCamSamples } = preset;
  const { tensorboard = false, checkpointSeconds } = options;
  const manifest = await writeManifest(run, {
    preset: options.preset,
    cells,
    gradCamSamples,
    ...{ tensorboard, checkpointSeconds, data },
    ...storePlugins(run),
  });
  const indices = new Map(manifest.cells.map((cell, index) => [cellId(cell), index]));
  const stop = stopOnSignal(display.note);
  const launched = await launchers[options.launcher].launch(
    cellWork(
      run,
      unfinished.map((cell) => ({ cell, index: indices.get(cellId(cell))! })),
    ),
    {
      ...{ run: path.resolve(run), workers: options.workers, threads, stop, display },
      ...{ sbatchOptions: options.sbatchOptions ?? [], image: options.image, claim: options.claim },
    },
  );
  return finishRun(launched, { run, stop, display });
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

/** This command without `--dry-run`, as a shell takes it. */
const sameCommand = () =>
  ['weightmap', ...process.argv.slice(2).filter((word) => word !== '--dry-run')].map(shellWord).join(' ');

/** `20 epochs`, or `8 to 20 epochs`. */
function spread(values: readonly number[], what: string): string {
  const [least, most] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0, 0];
  return least < most ? `${least} to ${counted(most, what)}` : counted(most, what);
}

const counted = (n: number, what: string, plural = 's') => `${n} ${what}${n === 1 ? '' : plural}`;
