import type { CellConfig, Dataset } from '@weightmap/core';
import { countOf, firstOf, WeightmapError } from '@weightmap/core';
import { loadDataset } from '@weightmap/datasets';
import { startEngine } from '@weightmap/engine';
import { stopOnSignal } from './_stop-on-signal.js';
import { throttle } from './_throttle.js';
import type { CellEvent } from './cell-events.js';
import { cellName } from './cell-name.js';
import { EXIT } from './exit-codes.js';
import { findCell, readManifest, type Manifest } from './manifest.js';
import { startDisplay } from './progress-display.js';
import { readCellRecord } from './records/index.js';
import { outcomeOf } from './outcome.js';
import { runCell } from './run-cell.js';

export interface CellOptions {
  /** The run's folder. */
  run: string;
  /** Place in the run's list of cells. */
  index?: number;
  /** Its id, or the beginning of it. */
  cell?: string;
  threads: number;
}

/** Milliseconds between two reports of progress to whoever started this process. */
const REPORT_EVERY = 100;

/**
 * What a worker process does: one cell of a run, from its checkpoint if it has one. Every launcher starts this.
 *
 * It prints lines for people, and tells the process that started it the same as `CellEvent`s if there is a channel to
 * it; when that process is gone, it stops as on a signal.
 *
 * @returns the exit code: done (also if it was done before), or stopped with a checkpoint.
 * @throws WeightmapError if the cell fails for good.
 */
export async function workOnCell({ run, index, cell: id, threads }: CellOptions): Promise<number> {
  const tell = (event: CellEvent) => process.connected && process.send?.(event);
  const display = startDisplay();
  const onNote = (text: string) => {
    display.note(text);
    tell({ type: 'note', text });
  };
  const signal = stopOnSignal(onNote);
  try {
    const manifest = await readManifest(run);
    const cell = findCell(manifest, { index, id });
    if (await readCellRecord(run, cell)) return EXIT.done;
    const shown = display.cell(cellName(cell), cell.training.epochs);
    const engine = await startEngine({ threads });
    const record = await runCell(cell, {
      ...{ run, engine, signal, onNote },
      ...{ gradCamSamples: manifest.gradCamSamples, tensorboard: manifest.tensorboard },
      dataset: await loadCellData(cell, manifest),
      onEpoch(epoch) {
        shown.epoch(epoch);
        tell({ type: 'epoch', epoch });
      },
      onProgress: throttle(REPORT_EVERY, (progress) => {
        shown.progress(progress);
        tell({ type: 'progress', progress });
      }),
    });
    if (!record) return EXIT['stopped, continue with the same command'];
    shown.done(outcomeOf(record));
    return EXIT.done;
  } catch (error) {
    if (error instanceof WeightmapError) tell({ type: 'failed', reason: error.explain() });
    throw error;
  } finally {
    display.end();
    if (process.connected) process.disconnect();
  }
}

/**
 * The images that a cell names, as they were when the run was planned. Nothing is downloaded.
 *
 * @throws WeightmapError if they are other images now.
 */
async function loadCellData(cell: CellConfig, { data }: Manifest): Promise<Dataset> {
  const { id, checksum } = cell.dataset;
  const dataset = await loadDataset(id, { ...data, offline: true });
  const parts = ['train', 'validation', 'test'] as const;
  const isSame =
    dataset.checksum === checksum && parts.every((part) => countOf(dataset[part]) >= cell.dataset[part]);
  if (!isSame)
    throw new WeightmapError(`${dataset.label} is not what it was when this run was planned.`, {
      where: dataset.source,
      expected: `data with the checksum ${checksum.slice(0, 12)}…, at least ${parts.map((part) => `${cell.dataset[part]} ${part}`).join(', ')} images`,
      fix: 'give it the same data as before, or start the run again in another folder (--out)',
    });
  return {
    ...dataset,
    train: firstOf(dataset.train, cell.dataset.train),
    validation: firstOf(dataset.validation, cell.dataset.validation),
    test: firstOf(dataset.test, cell.dataset.test),
  };
}
