import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';

/** Runs `body` and asserts that it left `kept` (default 0) more tensors than there were. */
export async function expectNoLeak<T>(body: () => T | Promise<T>, kept = 0): Promise<T> {
  const before = tf.memory().numTensors;
  const result = await body();
  expect(tf.memory().numTensors - before, 'tensors left behind').toBe(kept);
  return result;
}
