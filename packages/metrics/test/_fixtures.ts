import * as tf from '@tensorflow/tfjs';
import { imageSet, randomStream, type Attack, type Classifier, type ImageSet } from '@weightmap/core';

/** `labels.length` images of random bytes, of three classes. */
export function randomSet(labels: number[], [height, width, channels] = [4, 3, 2]): ImageSet {
  const bytes = randomStream(1, 'pixels').uniforms(labels.length * height * width * channels, 0, 256);
  return imageSet(
    { height, width, channels, classes: ['a', 'b', 'c'] },
    Uint8Array.from(bytes),
    Uint8Array.from(labels),
  );
}

export const fixedInitializer = (seed: number) =>
  tf.initializers.randomUniform({ minval: -1, maxval: 1, seed });

/** What a harness would say of images that change nothing. */
export const unjudged = (count: number) => ({
  ...{
    misclassified: new Uint8Array(count),
    succeeded: new Uint8Array(count),
    predicted: new Int32Array(count),
  },
  linf: new Float32Array(count),
  l2: new Float32Array(count),
  l1: new Float32Array(count),
  l0: new Float32Array(count),
  cost: { forwards: 0, backwards: 0 },
});

/** Draws one number u a batch and gives (1 − strength)·x + strength·u. */
export const shifted = (): Attack => ({
  id: 'shifted',
  label: 'shifted',
  kind: 'noise',
  strengthUnit: 'beta',
  norm: null,
  targeted: false,
  usesGradient: false,
  source: 'test',
  run: (_, images, labels, { strengths, random }) => {
    const u = random.uniform();
    return strengths.map((strength) => ({
      strength,
      adversarial: tf.tidy(() => images.mul(1 - strength).add(strength * u)),
      ...unjudged(labels.size),
    }));
  },
});

/** A classifier that counts what it is asked to compile, and whose compiled steps may read no tensor. */
export function countingCompiler(plain: Classifier) {
  const counts = { made: 0, called: 0 };
  const classifier: Classifier = {
    ...plain,
    compile: (step) => {
      counts.made++;
      return (inputs) => {
        counts.called++;
        return withoutReading(() => step(inputs));
      };
    },
  };
  return { classifier, counts };
}

/** Runs `body`, in which every read of a tensor throws. */
function withoutReading<T>(body: () => T): T {
  const backend = tf.backend() as unknown as { readSync: unknown };
  const readSync = backend.readSync;
  backend.readSync = () => {
    throw new Error('a compiled step reads a value');
  };
  try {
    return body();
  } finally {
    backend.readSync = readSync;
  }
}
