import path from 'node:path';
import { appendText } from '@weightmap/core/files';
import { summaryWriter } from '@weightmap/engine';
import type { EpochReport } from '@weightmap/training';

/** Appends an epoch to a cell's `history.jsonl`, a log to watch a run; the record has the same epochs at the end. */
export function appendHistory(file: string, { secondsLeft: _, resumed: __, ...epoch }: EpochReport): void {
  appendText(file, `${JSON.stringify(epoch)}\n`, { within: path.dirname(file) });
}

/** Logs epochs for TensorBoard, except those of a checkpoint, which are already in the folder. */
export function logToTensorBoard(folder: string): (epoch: EpochReport) => void {
  const writer = summaryWriter(folder);
  return ({ epoch, resumed, ...record }) => {
    if (resumed) return;
    const { trainLoss, validationLoss, validationErrorPercent, validationRobustErrorPercent } = record;
    writer.scalar('loss/training', trainLoss, epoch);
    writer.scalar('loss/validation', validationLoss, epoch);
    writer.scalar('error/validation (%)', validationErrorPercent, epoch);
    if (validationRobustErrorPercent !== undefined)
      writer.scalar('error/validation under attack (%)', validationRobustErrorPercent, epoch);
    writer.flush();
  };
}
