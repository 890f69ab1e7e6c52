import * as tf from '@tensorflow/tfjs';
import type { Classifier } from '@weightmap/core';

/** A linear classifier in plain numbers. */
export interface PlainModel {
  logits(x: readonly number[]): number[];
  /** ∂(Σ_k weights_k · z_k)/∂x */
  slope(weights: readonly number[]): number[];
}

export function plainModel(classifier: Classifier): PlainModel {
  const [height, width, channels] = classifier.inputShape;
  const size = height * width * channels;
  // The logits' differences along the unit vectors are the weights.
  const { bias, rows } = tf.tidy(() => {
    const at = (x: tf.Tensor) => classifier.logits(x.reshape([-1, height, width, channels]));
    const zero = at(tf.zeros([1, size]));
    return { bias: [...zero.dataSync()], rows: at(tf.eye(size)).sub(zero).arraySync() as number[][] };
  });
  return {
    logits: (x) => bias.map((b, k) => x.reduce((sum, value, i) => sum + value * rows[i][k], b)),
    slope: (weights) => rows.map((row) => row.reduce((sum, w, k) => sum + w * weights[k], 0)),
  };
}

/** ∂CE/∂z = softmax(z) − onehot(y). */
export function ceSlope(z: readonly number[], label: number): number[] {
  const top = Math.max(...z);
  const weights = z.map((value) => Math.exp(value - top));
  const total = weights.reduce((sum, value) => sum + value, 0);
  // Not softmax − 1 at the label, which confidence would round to 0.
  const others = weights.reduce((sum, value, k) => (k === label ? sum : sum + value), 0);
  return weights.map((value, k) => (k === label ? -others : value) / total);
}

/** −log softmax(z)_y, exact for confident predictions too. */
export const ceLoss = (z: readonly number[], label: number): number =>
  Math.log1p(z.reduce((sum, value, k) => sum + (k === label ? 0 : Math.exp(value - z[label])), 0));

export const clip = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

export const argMax = (z: readonly number[]) => z.indexOf(Math.max(...z));

/** The images of a tensor, each flat. */
export const rowsOf = (images: tf.Tensor): number[][] => {
  const size = images.size / images.shape[0];
  const pixels = images.dataSync();
  return Array.from({ length: images.shape[0] }, (_, i) => [...pixels.slice(i * size, (i + 1) * size)]);
};

/**
 * The nearest point that lies in the L1 ball around `center` and within the bounds: the shrinkage λ at which
 * Σ min((|x − center| − λ)⁺, room) is the radius, by bisection.
 */
export function inL1BallAndBox(
  x: readonly number[],
  center: readonly number[],
  radius: number,
  [low, high]: readonly [number, number],
): number[] {
  const away = x.map((value, j) => value - center[j]);
  const room = away.map((value, j) => (value > 0 ? high - center[j] : center[j] - low));
  const sizes = (lambda: number) => away.map((value, j) => clip(Math.abs(value) - lambda, 0, room[j]));
  const sum = (lambda: number) => sizes(lambda).reduce((total, size) => total + size, 0);
  let [under, over] = [0, Math.max(...away.map(Math.abs))];
  if (sum(0) <= radius) over = 0;
  for (let i = 0; i < 80; i++) {
    const middle = (under + over) / 2;
    if (sum(middle) > radius) under = middle;
    else over = middle;
  }
  return sizes(over).map((size, j) => center[j] + Math.sign(away[j]) * size);
}
