import * as tf from '@tensorflow/tfjs';
import { randomStream, type Classifier } from '@weightmap/core';
import { linearClassifier } from '@weightmap/test-utils';

const SIZE = 24;

type Linear = { readonly weights: number[][]; readonly bias: number[] };

/**
 * A linear classifier on 4×3×2 with its weights in reach: logits = x·W + b. The scale moves no boundary; a large one
 * makes the classifier confident, so that the gradient of its cross-entropy is that of two classes alone.
 */
export function openLinear(classes: number, bounds: readonly [number, number] = [0, 1], scale = 1) {
  const random = randomStream(4, 'open');
  const weights = Array.from({ length: SIZE }, () => [...random.uniforms(classes, -scale, scale)]);
  return opened(weights, [...random.uniforms(classes, -scale / 5, scale / 5)], bounds);
}

/** Two classes that meet near the middle of [0, 1], so that noise is of either. */
export function halves() {
  const { weights } = openLinear(2);
  const bias = [0.1, 0].map((b, k) => b - weights.reduce((sum, row) => sum + 0.5 * row[k], 0));
  return opened(weights, bias, [0, 1]);
}

function opened(weights: number[][], bias: number[], bounds: readonly [number, number]) {
  const classifier: Classifier = linearClassifier({ inputShape: [4, 3, 2], weights, bias, bounds });
  return { classifier, weights, bias };
}

/** Images of pixels so far from the bounds [0, 1] that small changes don't reach them. */
export const middleImages = (count: number, seed = 5) =>
  tf.tensor4d(randomStream(seed, 'middle').uniforms(count * SIZE, 0.35, 0.65), [count, 4, 3, 2]);

/** z = x·W + b in plain loops, each [classes]. */
export function logitsOf({ weights, bias }: Linear, pixels: ArrayLike<number>): number[][] {
  return Array.from({ length: pixels.length / SIZE }, (_, i) =>
    bias.map((b, k) => weights.reduce((sum, row, j) => sum + row[k] * pixels[i * SIZE + j], b)),
  );
}

/** For each class the corner of the bounds that its weights, next to the mean of all, point to. */
export function corners({ classifier, weights, bias }: Linear & { classifier: Classifier }): tf.Tensor4D {
  const mean = weights.map((row) => row.reduce((sum, w) => sum + w, 0) / row.length);
  const images = bias.map((_, k) => weights.map((row, j) => classifier.bounds[Number(row[k] > mean[j])]));
  return tf.tensor4d(images.flat(), [bias.length, 4, 3, 2]);
}

export const argMax = (values: readonly number[]) => values.indexOf(Math.max(...values));

const dual = {
  linf: (w: number[]) => w.reduce((sum, v) => sum + Math.abs(v), 0),
  l2: (w: number[]) => Math.hypot(...w),
  l1: (w: number[]) => Math.max(...w.map(Math.abs)),
};

/** |z_k − z_y| / ‖w_k − w_y‖ in the dual norm, for every k ≠ y: how near the boundaries are, the bounds left out. */
const boundaries = (model: Linear, pixels: ArrayLike<number>, norm: keyof typeof dual): number[][] =>
  logitsOf(model, pixels).map((z) => {
    const y = argMax(z);
    const others = z.map((_, k) => k).filter((k) => k !== y);
    return others.map((k) => (z[y] - z[k]) / dual[norm](model.weights.map((row) => row[k] - row[y])));
  });

/** How near the nearest boundary is. */
export const closest = (model: Linear, pixels: ArrayLike<number>, norm: keyof typeof dual): number[] =>
  boundaries(model, pixels, norm).map((distances) => Math.min(...distances));

/** Images whose second nearest boundary is half as far again as the nearest, so that a local search ends at that. */
export function clearImages(model: Linear, count: number, norm: keyof typeof dual): tf.Tensor4D {
  const all = middleImages(40 * count);
  const pixels = all.dataSync();
  const clear = boundaries(model, pixels, norm).map((distances) => {
    const [first, second] = [...distances].sort((a, b) => a - b);
    return second === undefined || second > 1.5 * first;
  });
  const kept = clear.map((_, i) => i).filter((i) => clear[i]);
  if (kept.length < count) throw new Error(`${kept.length} clear images`);
  all.dispose();
  const values = kept.slice(0, count).flatMap((i) => [...pixels.slice(i * SIZE, (i + 1) * SIZE)]);
  return tf.tensor4d(values, [count, 4, 3, 2]);
}
