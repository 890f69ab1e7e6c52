import * as tf from '@tensorflow/tfjs';
import { imageSet, randomStream, type ImageSet } from '@weightmap/core';

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
