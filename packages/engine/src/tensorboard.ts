import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';

// Under CommonJS the build replaces import.meta.url by the file's own address.
const require = createRequire(import.meta.url);

/** Writes figures that TensorBoard shows as curves. */
export interface SummaryWriter {
  /**
   * Adds a point to a curve.
   *
   * @param name of the curve, such as `loss/train`.
   * @param step the place on the horizontal axis, a whole number.
   */
  scalar(name: string, value: number, step: number): void;
  /** Puts what was written so far on the disk. */
  flush(): void;
}

/**
 * A writer of TensorBoard logs into a folder, which is made: tfjs-node's own.
 *
 * @throws WeightmapError on other engines than the native one, which has it.
 */
export function summaryWriter(folder: string): SummaryWriter {
  if (tf.getBackend() !== 'tensorflow')
    throw new WeightmapError('TensorBoard logs need the native engine.', {
      where: `the engine in use is ${tf.getBackend()}`,
      fix: 'run `npm run setup` for the native engine, or leave the logs out',
    });
  const { node } = require('@tensorflow/tfjs-node-gpu') as {
    node: { summaryFileWriter(folder: string): SummaryWriter };
  };
  return node.summaryFileWriter(folder);
}
