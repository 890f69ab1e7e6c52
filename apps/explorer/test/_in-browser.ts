import * as tf from '@tensorflow/tfjs';
import type { EngineName } from '../src/engine/protocol.js';
import { startBackend } from '../src/engine/start-backend.js';
import { numbers } from './_numbers.js';

/** The numbers on that backend, and the tensors that they left behind. */
export async function numbersOn(wish: EngineName) {
  const { engine } = await startBackend({ engine: wish, orSlower: true });
  const before = tf.memory().numTensors;
  const found = numbers();
  return { engine, found, left: tf.memory().numTensors - before };
}
