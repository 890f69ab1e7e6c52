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

/** Classes on 4×3×2, with random weights. */
export function randomClasses(count: number, bounds: readonly [number, number] = [0, 1]): Classifier {
  const random = randomStream(2, 'weights');
  const bias = [0.1, -0.2, 0, 0.05, -0.1].slice(0, count);
  const weights = Array.from({ length: 24 }, () => [...random.uniforms(count, -1, 1)]);
  return linearClassifier({ inputShape: [4, 3, 2], weights, bias, bounds });
}

/** Three of them. */
export const threeClasses = (bounds?: readonly [number, number]) => randomClasses(3, bounds);

/** A classifier that counts the images that pass through it. */
export function counted(plain: Classifier) {
  const passed = { forwards: 0, backwards: 0 };
  const passing = tf.customGrad((x) => ({
    value: (x as tf.Tensor).clone(),
    gradFunc: (dy: tf.Tensor) => {
      passed.backwards += dy.shape[0];
      return dy.clone();
    },
  }));
  const logits: Classifier['logits'] = (images) => {
    passed.forwards += images.shape[0];
    return plain.logits(passing(images) as tf.Tensor4D);
  };
  return { classifier: { ...plain, logits }, passed };
}

/** A method with a given `perturb`, to test the harness. */
export const methodOf = (
  perturb: AttackMethod['perturb'],
  norm: AttackMethod['norm'] = 'linf',
): AttackMethod => ({
  id: 'made-up',
  label: 'Made up',
  kind: 'fixed',
  strengthUnit: 'epsilon',
  norm,
  targeted: false,
  usesGradient: false,
  source: 'this test',
  perturb,
});

/** A `tf.tidy` whose result holds no tensor, and may be anything. */
export function inTidy<T>(body: () => T): T {
  let result: T;
  tf.tidy(() => {
    result = body();
  });
  return result!;
}
