import * as tf from '@tensorflow/tfjs';
import { randomStream, type AttackMethod, type Classifier } from '@weightmap/core';
import { linearClassifier } from '@weightmap/test-utils';

/** Images that fill the bounds. */
export const randomImages = (
  shape: [number, number, number, number],
  [low, high]: readonly [number, number],
) =>
  tf.tensor4d(
    randomStream(1, 'images').uniforms(shape[0] * shape[1] * shape[2] * shape[3], low, high),
    shape,
  );

export const labelsOf = (...labels: number[]) => tf.tensor1d(labels, 'int32');

/** Three classes on 4×3×2, with random weights. */
export function threeClasses(bounds: readonly [number, number] = [0, 1]): Classifier {
  const random = randomStream(2, 'weights');
  return linearClassifier({
    inputShape: [4, 3, 2],
    weights: Array.from({ length: 24 }, () => [...random.uniforms(3, -1, 1)]),
    bias: [0.1, -0.2, 0],
    bounds,
  });
}

/** A method that does what it is told, to test what the harness makes of it. */
export const methodOf = (
  perturb: AttackMethod['perturb'],
  norm: AttackMethod['norm'] = 'linf',
): AttackMethod => ({
  id: 'made-up',
  label: 'Made up',
  strength: 'epsilon',
  norm,
  usesGradient: false,
  source: 'this test',
  perturb,
});
