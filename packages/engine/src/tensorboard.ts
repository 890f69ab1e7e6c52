import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { activeBackend } from './tensorflow/backend.js';

// Under CommonJS the build replaces import.meta.url by the file's own address.
const require = createRequire(import.meta.url);

/** Writes numbers that TensorBoard shows as curves. */
export interface SummaryWriter {
  /**
   * Adds a point to a curve.
   *
   * @param name of the curve, such as `loss/train`.
   * @param step position on the horizontal axis, a whole number.
   */
  scalar(name: string, value: number, step: number): void;
  /** Writes everything so far to the disk. */
  flush(): void;
}

/**
 * Opens a TensorBoard log in a folder, which is made if missing. It is the writer of tfjs-node.
 *
 * @throws WeightmapError on engines other than the native one.
 */
export function summaryWriter(folder: string): SummaryWriter {
  if (!activeBackend())
    throw new WeightmapError('TensorBoard logs need the native engine.', {
      where: `the engine in use is ${tf.getBackend()}`,
      fix: 'run `npm run setup` for the native engine, or leave the logs out',
    });
  const { node } = require('@tensorflow/tfjs-node-gpu') as {
    node: { summaryFileWriter(folder: string): SummaryWriter };
  };
  return node.summaryFileWriter(folder);
}
