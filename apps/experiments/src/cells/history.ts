import { appendFileSync } from 'node:fs';
import { summaryWriter } from '@weightmap/engine';
import type { EpochReport } from '@weightmap/training';

/** Adds an epoch to a cell's `history.jsonl`: a log for people who watch a run; the record holds the same at the end. */
export function appendHistory(file: string, { secondsLeft: _, resumed: __, ...epoch }: EpochReport): void {
  appendFileSync(file, `${JSON.stringify(epoch)}\n`);
}

/** Gives every epoch to TensorBoard; epochs of a checkpoint are in the folder already. */
export function logToTensorBoard(folder: string): (epoch: EpochReport) => void {
  const writer = summaryWriter(folder);
  return ({ epoch, trainLoss, validationLoss, validationErrorPercent, resumed }) => {
    if (resumed) return;
    writer.scalar('loss/training', trainLoss, epoch);
    writer.scalar('loss/validation', validationLoss, epoch);
    writer.scalar('error/validation (%)', validationErrorPercent, epoch);
    writer.flush();
  };
}
