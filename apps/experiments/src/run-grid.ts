import { access, constants, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Variant } from '@weightmap/architectures';
import { messageOf, WeightmapError, type RunRecord } from '@weightmap/core';
import { startEngine } from '@weightmap/engine';
import colours from 'picocolors';
import { stopOnSignal } from './_stop-on-signal.js';
import { dryRun } from './dry-run.js';
import { EXIT } from './exit-codes.js';
import { expandGrid, limitDataset, selectVariants } from './grid.js';
import { findDataset } from './find-dataset.js';
import { adjustPreset, type PresetChanges } from './presets.js';
import { startDisplay, type Display } from './progress-display.js';
import { readRecords } from './records/index.js';
import { buildReport, summarise, terminalTable } from './report/index.js';
import { runCell } from './run-cell.js';
import { unfinishedCells } from './unfinished-cells.js';

export interface RunOptions extends PresetChanges {
  preset: string;
  /** Ids or globs. */
  select?: readonly string[];
  dataset?: string;
  seed: number;
  out?: string;
  data?: string;
  offline?: boolean;
  threads?: number;
  force?: boolean;
  dryRun?: boolean;
}

/**
 * Runs every unfinished cell of a grid, one after the other, and writes the report.
 *
 * @returns the exit code.
 */
export async function runGrid(options: RunOptions): Promise<number> {
  const preset = adjustPreset(options.preset, options);
  const run = options.out ?? path.join('runs', options.preset);
  const rows = selectVariants(options.select ?? preset.select);
  const display = startDisplay();
  const engine = await startEngine({ threads: options.threads });
  const groups = await Promise.all(
    [...rowsByDataset(rows, options.dataset)].map(async ([id, group]) => {
      const found = await findDataset(id, {
        ...{ seed: options.seed, dataDir: options.data, offline: options.offline },
        substitute: preset.substitute && !options.dataset,
        ...{ onProgress: display.progress, onNote: display.note },
      });
      const dataset = limitDataset(found, preset.limits);
      return expandGrid(group, dataset, preset, options.seed).map((cell) => ({ cell, dataset }));
    }),
  );
  const cells = groups.flat();
  const labels = [...new Set(cells.map(({ dataset }) => dataset.label))].join(', ');
  display.line(
    `${colours.bold(`weightmap ${options.preset}`)}: ${counted(cells.length, 'cell')} (${counted(rows.length, 'variant')} × ${counted(preset.trials, 'trial')}), ` +
      `${counted(preset.training.epochs, 'epoch')}, ${labels} → ${run}`,
  );
  for (const note of new Set(cells.flatMap(({ dataset }) => dataset.notes))) display.note(note);
  const version = engine.tensorflow ? ` (TensorFlow ${engine.tensorflow}, ${engine.threads} threads)` : '';
  display.line(`engine: ${engine.name}${version}`);
  if (engine.slowerBecause) display.note(`${engine.slowerBecause}; \`weightmap doctor\` says how to fix it`);
  if (options.dryRun) {
    display.line(dryRun(cells));
    return EXIT.done;
  }

  await checkWritable(run);
  const unfinished = await unfinishedCells(run, cells, options.force ?? false);
  if (unfinished.length < cells.length)
    display.note(`${cells.length - unfinished.length} of ${cells.length} cells are done already`);
  const stop = stopOnSignal(display.note);
  const failures: string[] = [];
  display.begin(unfinished.length);
  for (const { cell, dataset } of unfinished) {
    if (stop.aborted) break;
    const shown = display.cell(`${cell.variant} trial ${cell.trial}`, cell.training.epochs);
    try {
      const record = await runCell(cell, {
        ...{ run, dataset, engine, signal: stop },
        gradCamSamples: preset.gradCamSamples,
        ...{ onEpoch: shown.epoch, onProgress: shown.progress, onNote: display.note },
      });
      if (record) shown.done(outcome(record));
    } catch (error) {
      if (!(error instanceof WeightmapError)) throw error;
      // One failed cell doesn't stop the grid.
      failures.push(`${cell.variant} trial ${cell.trial}: ${error.explain()}`);
      shown.failed(error.explain());
    }
  }
  display.end();
  await printResult(run, options, display);
  if (stop.aborted) {
    display.line('stopped; the same command continues from the last checkpoints');
    return EXIT['stopped, continue with the same command'];
  }
  for (const failure of failures) display.line(`${colours.red('failed')} ${failure}`);
  return failures.length ? EXIT.failed : EXIT.done;
}

/** Each row goes to the datasets that the paper tests it on, or to the one asked for. */
function rowsByDataset(rows: readonly Variant[], asked: string | undefined): Map<string, Variant[]> {
  const groups = new Map<string, Variant[]>();
  for (const row of rows)
    for (const id of asked ? [asked] : row.datasets) groups.set(id, [...(groups.get(id) ?? []), row]);
  return groups;
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

const counted = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;

const outcome = ({ testErrorPercent, noise, fgsm, seconds }: RunRecord): string =>
  [
    `test error ${testErrorPercent.toFixed(2)} %`,
    noise.length && `noise β ${noise.at(-1)?.beta}: ${noise.at(-1)?.errorPercent.toFixed(1)} %`,
    fgsm.length && `FGSM ε ${fgsm.at(-1)?.epsilon}: ${fgsm.at(-1)?.errorPercent.toFixed(1)} %`,
    `${Math.round(seconds.training + seconds.evaluation)} s`,
  ]
    .filter(Boolean)
    .join(', ');

async function printResult(run: string, { preset }: RunOptions, display: Display): Promise<void> {
  const stored = await readRecords(run);
  for (const { file, reason } of stored.damaged) display.note(`damaged record left out: ${file} (${reason})`);
  if (stored.records.length === 0) return;
  const report = await buildReport(run, { command: `weightmap run ${preset}` });
  display.line(`\n${terminalTable(summarise(stored), { colour: colours.isColorSupported })}`);
  display.line(`\nreport: ${report.html}`);
}
