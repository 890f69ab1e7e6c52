import * as tf from '@tensorflow/tfjs';
import { pgd } from '@weightmap/attacks';
import {
  batchesOf,
  predictClasses,
  randomStream,
  sliceOf,
  type Classifier,
  type ImageSet,
} from '@weightmap/core';
import { BATCH, type SliceOptions } from './network.js';

/** Takes every step: the first image that fools its network lies just beyond the boundary, and rarely fools another. */
const attack = pgd({ stopWhenFooled: false });

/**
 * Makes images with PGD against one network and shows them to others; to the network itself it is the white box. The image
 * with the largest loss is shown. A network that is robust alone, but not against images made for others, hides its
 * gradients.
 *
 * @returns for each strength, the number of images that each network classifies correctly.
 * @throws the signal's reason when it is aborted.
 */
export async function transferImages(
  source: Classifier,
  to: readonly Classifier[],
  set: ImageSet,
  strengths: readonly number[],
  { from, to: end, seed, signal }: Pick<SliceOptions, 'from' | 'to' | 'seed' | 'signal'>,
): Promise<number[][]> {
  const right = strengths.map(() => to.map(() => 0));
  const slice = sliceOf(set, from, end - from);
  for (const { images, labels, start } of batchesOf(slice, BATCH, source)) {
    signal.throwIfAborted();
    const random = randomStream(seed, 'transfer', from + start);
    attack.run(source, images, labels, { strengths, random }).forEach(({ adversarial }, i) => {
      to.forEach((classifier, j) =>
        predictClasses(classifier, adversarial).forEach((guess, image) => {
          if (guess === slice.labels[start + image]) right[i][j]++;
        }),
      );
      adversarial.dispose();
    });
    await tf.nextFrame();
  }
  return right;
}
