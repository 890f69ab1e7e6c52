import * as tf from '@tensorflow/tfjs';
import { pgd } from '@weightmap/attacks';
import {
  predictClasses,
  randomStream,
  sliceOf,
  tensorsOf,
  type Classifier,
  type ImageSet,
} from '@weightmap/core';
import { BATCH, type SliceOptions } from './network.js';

/** The first image that fools lies just beyond the boundary of its own network, and seldom beyond that of another. */
const attack = pgd({ stopWhenFooled: false });

/**
 * Images made by PGD against one network, shown to others (to itself is the white box). PGD takes every step for every image,
 * and the image of largest loss is shown. Networks that are robust alone, but not against images of others, hide their
 * gradients.
 *
 * @returns for each strength, how many of the images each network classifies rightly.
 * @throws whatever the signal's reason is when it is aborted.
 */
export async function transferImages(
  source: Classifier,
  to: readonly Classifier[],
  set: ImageSet,
  strengths: readonly number[],
  { from, to: end, seed, signal }: Pick<SliceOptions, 'from' | 'to' | 'seed' | 'signal'>,
): Promise<number[][]> {
  const right = strengths.map(() => to.map(() => 0));
  for (let start = from; start < end; start += BATCH) {
    signal.throwIfAborted();
    const { images, labels } = tensorsOf(sliceOf(set, start, Math.min(BATCH, end - start)));
    try {
      const random = randomStream(seed, 'transfer', start);
      attack.run(source, images, labels, { strengths, random }).forEach(({ adversarial }, i) => {
        to.forEach((classifier, j) =>
          predictClasses(classifier, adversarial).forEach((guess, image) => {
            if (guess === set.labels[start + image]) right[i][j]++;
          }),
        );
        adversarial.dispose();
      });
    } finally {
      tf.dispose([images, labels]);
    }
    await tf.nextFrame();
  }
  return right;
}
