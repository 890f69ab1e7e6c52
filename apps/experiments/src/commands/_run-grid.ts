import { existsSync } from 'node:fs';
import { access, constants, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, WeightmapError } from '@weightmap/core';
import { startEngine } from '@weightmap/engine';
import { cellId, readManifest, unsweptVariant } from '@weightmap/records';
import { count } from '@weightmap/report/text';
import colours from 'picocolors';
import { writeManifest } from '../plan/manifest.js';
import { commandLine } from '../terminal/shell-word.js';
import { stopOnSignal } from '../terminal/stop-on-signal.js';
import { checkNetworks } from '../plan/check-networks.js';
import { dryRun } from '../plan/dry-run.js';
import { EXIT } from '../terminal/exit-codes.js';
import { finishRun } from './_finish-run.js';
import { cellWork } from '../launchers/cell-work.js';
import { displayStream } from '../launchers/display-stream.js';
import { defaultWorkers } from '../launchers/cores.js';
import { checkLauncherChoice } from '../launchers/check-choice.js';
import { launchers } from '../launchers/index.js';
import { planGrid } from '../plan/plan-grid.js';
import { adjustPreset } from '../plan/presets.js';
import { checkSize, settingsOf, sweepText } from '../plan/sweep.js';
import type { RunOptions } from '../plan/run-options.js';
import { pluginWords, storePlugins, usePlugins, usePluginsAgain } from '../plugins/stored-plugins.js';
import { startDisplay } from '../terminal/display.js';
import { unfinishedCells } from '../plan/unfinished-cells.js';

/**
 * Plans a grid, has its unfinished cells done by workers, and writes the report.
 *
 * @returns the exit code.
 */
export async function runGrid(options: RunOptions): Promise<number> {
  checkLauncherChoice(options);
  const sweep = options.sweep ?? {};
  const swept = settingsOf(sweep).map((settings) => ({
    settings,
    preset: adjustPreset(options.preset, { ...options, ...settings }),
  }));
  const [{ preset }] = swept;
  const run = options.out ?? path.join('runs', options.preset);
  const display = startDisplay(displayStream(options.launcher));
  await usePlugins(options.plugins);
  const existing = existsSync(run) ? await readManifest(run).catch(() => null) : null;
  if (existing) await usePluginsAgain(run, existing, display.note);
  const engine = await startEngine({ threads: options.threads, onSlower: () => {} });
  const data = {
    seed: sweep.seed?.[0] ?? options.seed,
    dataDir: options.dataDir === undefined ? undefined : path.resolve(options.dataDir),
    imagesPerClass: options.imagesPerClass ?? preset.limits.imagesPerClass ?? undefined,
    splitBy: options.splitBy,
  };
  const plan = await planGrid(preset, {
    ...data,
    select: options.select,
    datasets: options.datasets,
    defenses: options.defenses,
    paperRows: options.paperRows,
    swept,
    seeds: sweep.seed,
    offline: options.offline,
    estimate: options.dryRun,
    command: sameCommand(),
    onProgress: display.progress,
    onNote: display.note,
  });
  const { cells, notes } = plan;
  checkSize(sweep, cells.length);
  const variants = new Set(cells.map(({ variant }) => unsweptVariant(variant))).size;
  const settings = swept.length > 1 ? `, ${count(swept.length, 'setting')}` : '';
  const epochs = cells.map(({ training }) => training.epochs);
  // The last trial of each variant.
  const trials = [
    ...new Map(cells.map((cell) => [`${cell.dataset.id}/${cell.variant}`, cell.trial])).values(),
  ];
  const labels = [...new Set(cells.map(({ dataset }) => dataset.label))].join(', ');
  display.line(
    `${colours.bold(`weightmap ${options.preset}`)}: ${count(cells.length, 'cell')} (${count(variants, 'variant')}${settings}, ${spread(trials, 'trial')}), ` +
      `${spread(epochs, 'epoch')}, ${labels || 'no data'} → ${run}`,
  );
  const crossed = sweepText(sweep, preset.trials);
  if (crossed) display.line(`sweep: ${crossed}`);
  for (const note of notes) display.note(note);
  checkNetworks(cells, plan.specs, display.note);
  const { threads } = options;
  const workers = Math.min(options.workers ?? defaultWorkers(threads), Math.max(cells.length, 1));
  const version = engine.tensorflow ? ` (TensorFlow ${engine.tensorflow})` : '';
  const processes = `${workers} ${workers === 1 ? 'process' : 'processes'} of ${count(threads, 'thread')}`;
  const where = options.launcher === 'local' ? processes : `launched by ${options.launcher}`;
  display.line(`engine: ${engine.name}${version}, ${where}`);
  if (engine.slowerBecause)
    display.note(`${engine.slowerBecause}; \`weightmap doctor\` explains how to fix it`);
  if (options.dryRun) {
    const onNetwork = (done: number, total: number) =>
      display.progress({ stage: 'timing a few steps of each network', done, total });
    display.line(await dryRun(plan, { workers, onNetwork }));
    return EXIT.done;
  }

  await checkWritable(run);
  const unfinished = await unfinishedCells(run, cells, options.force ?? false, display.note);
  if (unfinished.length < cells.length)
    display.note(`${cells.length - unfinished.length} of ${count(cells.length, 'cell')} already done`);
  const { gradCamSamples } = preset;
  const { tensorboard = false, checkpointSeconds } = options;
  const manifest = await writeManifest(run, {
    preset: options.preset,
    cells,
    gradCamSamples,
    tensorboard,
    checkpointSeconds,
    data,
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
      run: path.resolve(run),
      workers: options.workers,
      threads,
      stop,
      display,
      sbatchOptions: options.sbatchOptions ?? [],
      plugins: await pluginWords(run, manifest),
      image: options.image,
      claim: options.claim,
    },
  );
  return finishRun(launched, { run, stop, display });
}

/** Checks that results can be written, before hours of work. */
async function checkWritable(run: string): Promise<void> {
  try {
    await mkdir(run, { recursive: true });
    await access(run, constants.W_OK);
  } catch (error) {
    throw new WeightmapError("Results can't be written.", {
      where: messageOf(error),
      fix: 'choose another folder with --out',
    });
  }
}

/** This command without `--dry-run`, quoted for a shell. */
const sameCommand = () => commandLine(process.argv.slice(2).filter((word) => word !== '--dry-run'));

/** `20 epochs`, or `8 to 20 epochs`. */
function spread(values: readonly number[], noun: string): string {
  const [least, most] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0, 0];
  return least < most ? `${least} to ${count(most, noun)}` : count(most, noun);
}
