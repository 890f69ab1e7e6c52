import * as tf from '@tensorflow/tfjs';
import { compile } from '@weightmap/engine';
import { smoothingWeightMap, unsharpWeightMap } from '@weightmap/wm-layers';
import { decline, serve, startEngineFor } from './_serve.js';
import type { Mode } from './modes.js';

/** The layer that is measured: a hidden layer of the paper's CNN. */
export const LAYER = { height: 28, width: 28, channels: 32, kernelSize: 3, padding: 'same' } as const;

export const LAYER_KINDS = { smoothing: smoothingWeightMap, unsharp: unsharpWeightMap } as const;
export type LayerKind = keyof typeof LAYER_KINDS;

/** Rows and columns of the square matrices whose product gives the machine's peak. */
const MATRIX = 1024;

/** Operations of the three products x·W, xᵀ·dM and dM·Wᵀ at every pixel; those of window sums, bias and ReLU are not counted. */
export const layerOperations = (batch: number): number =>
  3 * 2 * batch * LAYER.height * LAYER.width * LAYER.channels ** 2;

export const matrixOperations = 2 * MATRIX ** 3;

/** Runs in a measuring process: times the forward pass and all gradients of one weight map layer with bias and ReLU. */
export async function measureLayer(
  kind: LayerKind,
  mode: Mode,
  { batch, threads }: { batch: number; threads: number },
): Promise<void> {
  const missing = await startEngineFor(mode, threads);
  if (missing) return decline(missing);
  const { height, width, channels, kernelSize, padding } = LAYER;
  const layer = LAYER_KINDS[kind]({ filters: channels, kernelSize, padding, activation: 'relu', seed: 1 });
  const shape: [number, number, number, number] = [batch, height, width, channels];
  const [x, dy] = [1, 2].map((seed) => tf.randomUniform(shape, -1, 1, 'float32', seed));
  layer.apply(tf.input({ shape: shape.slice(1) }));
  const weights = layer.trainableWeights.map((weight) => weight.read());
  const step = compile(({ x, dy }: { x: tf.Tensor; dy: tf.Tensor }) => {
    // `tf.grads` differentiates only by the function's arguments; the weights are variables.
    const { value, grads } = tf.engine().gradients(() => layer.call(x, {}), [x, ...weights], dy);
    return [value, ...grads];
  });
  await serve({ parameters: layer.countParams() }, () => tf.dispose(step({ x, dy })));
}

/** Runs in a measuring process: times the product of two large matrices. */
export async function measureMatrixProduct({ threads }: { threads: number }): Promise<void> {
  const missing = await startEngineFor('compiled', threads);
  if (missing) return decline(missing);
  const [a, b] = [1, 2].map((seed) => tf.randomUniform([MATRIX, MATRIX], -1, 1, 'float32', seed));
  await serve({ parameters: 0 }, () => tf.dispose(a.matMul(b)));
}
