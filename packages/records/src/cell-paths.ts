import { join } from 'node:path';
import { WeightmapError } from '@weightmap/core';
import { FOLDER_NAME } from './_folder-name.js';
import type { CellConfig } from './run-record.js';

/** Where everything of one cell lies. */
export interface CellPaths {
  /** `<run>/cells/<dataset>/<variant>/trial-<n>` */
  readonly folder: string;
  /** The result; exists only when the cell is finished. */
  readonly record: string;
  /** A file that was in the place of the record and couldn't be used, kept when the cell was computed again. */
  readonly damagedRecord: string;
  /** One line an epoch, appended while training. */
  readonly history: string;
  /** What training continues from. */
  readonly checkpoint: string;
  /** Networks that a defence needs to be trained before, while they are needed. */
  readonly teachers: string;
  /** The trained network: `model.json` and its weights. */
  readonly weights: string;
  /** Pictures of Grad-CAM. */
  readonly gradCam: string;
  /** Logs for TensorBoard, where they were asked for. */
  readonly tensorboard: string;
  /** Measurements, kept until the record holds them. */
  readonly evaluation: string;
  /** Which configuration all of this belongs to. */
  readonly identity: string;
  /** What happened, one line an event, over all attempts. */
  readonly events: string;
  /** Why it failed permanently; removed by a retry. */
  readonly failure: string;
  /** Output of the processes that worked on it. */
  readonly log: string;
}

/** The part of a cell that decides its place. */
export interface CellPlace extends Pick<CellConfig, 'variant' | 'trial'> {
  /** The dataset. */
  dataset: Pick<CellConfig['dataset'], 'id'>;
}

/**
 * The paths of a cell in a run's folder.
 *
 * @throws WeightmapError if a name could not be a folder of its own, such as `..` or `a/b`.
 */
export function cellPaths(run: string, { dataset, variant, trial }: CellPlace): CellPaths {
  const folder = join(run, 'cells', folderName(dataset.id), folderName(variant), `trial-${trial}`);
  return {
    folder,
    record: join(folder, 'record.json'),
    damagedRecord: join(folder, 'record.damaged.json'),
    history: join(folder, 'history.jsonl'),
    checkpoint: join(folder, 'checkpoint'),
    teachers: join(folder, 'teachers'),
    weights: join(folder, 'weights'),
    gradCam: join(folder, 'grad-cam'),
    tensorboard: join(folder, 'tensorboard'),
    evaluation: join(folder, 'evaluation'),
    identity: join(folder, 'cell.json'),
    events: join(folder, 'events.jsonl'),
    failure: join(folder, 'failure.json'),
    log: join(folder, 'worker.log'),
  };
}

function folderName(name: string): string {
  if (FOLDER_NAME.test(name)) return name;
  throw new WeightmapError(`“${name}” can't be the name of a folder.`, {
    expected: 'letters, digits, “-”, “_”, “.”, “+” and “=”, beginning with a letter, a digit or “_”',
  });
}
