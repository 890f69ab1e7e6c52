import * as tf from '@tensorflow/tfjs';
import type { RandomStream, Victim, VictimStep } from '@weightmap/core';
import { fools, perImage } from './_worst.js';

/** Images that fool, to begin with. */
export type Outside = {
  /** The clean image where none was found. */
  readonly outside: tf.Tensor4D;
  /** [batch], 1 where it fools. */
  readonly fooled: tf.Tensor1D;
};

type Inputs = Outside & {
  readonly labels: tf.Tensor1D;
  readonly noise: tf.Tensor4D;
};

const look: VictimStep<Inputs, Outside> =
  (model) =>
  ({ outside, fooled, labels, noise }) => {
    const hit = fools(model.logits(noise), labels);
    const found = hit.greater<tf.Tensor1D>(fooled);
    return { outside: tf.where(perImage(found), noise, outside), fooled: fooled.maximum(hit) };
  };

/**
 * Shows images of uniform noise within the bounds to the classifier until one fools it, for each image; the clean image
 * comes first.
 *
 * @param tries how many, at most.
 */
export function randomStart(
  victim: Victim,
  { images, labels }: { images: tf.Tensor4D; labels: tf.Tensor1D },
  { random, tries }: { random: RandomStream; tries: number },
): Outside {
  return tf.tidy(() => {
    let found: Outside = { outside: images, fooled: tf.zeros<tf.Rank.R1>([images.shape[0]]) };
    for (let i = 0; i <= tries; i++) {
      const noise =
        i === 0 ? images : tf.tensor4d(random.uniforms(images.size, ...victim.bounds), images.shape);
      found = victim.compute(look, { ...found, labels, noise });
      if (found.fooled.min().dataSync()[0] === 1) break;
    }
    return found;
  });
}
