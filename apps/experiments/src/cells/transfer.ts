import * as tf from '@tensorflow/tfjs';
import { pgd } from '@weightmap/attacks';
import { batchesOf, firstOf, predictClasses, randomStream, type Dataset } from '@weightmap/core';
import { openNetwork } from './open-network.js';

export interface TransferOptions {
  readonly epsilon: number;
  /** Test images, the first ones. */
  readonly images: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The first image that fools lies just beyond the boundary of its own network, and seldom beyond that of another. */
const attack = pgd({ stopWhenFooled: false });

/** Accuracy of one network on images made against another. */
export interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly accuracyPercent: number;
}

/**
 * Every network against every other of the same dataset: PGD's images against one, shown to all (the diagonal is the white
 * box). PGD takes every step for every image, and the image of largest loss is shown. Networks that are robust alone, but not against images of others, hide their gradients.
 *
 * @param networks name and folder of the weights of each.
 */
export async function transferMatrix(
  networks: readonly { name: string; weights: string }[],
  dataset: Dataset,
  { epsilon, images: count, seed, signal, onProgress }: TransferOptions,
): Promise<Transfer[]> {
  const set = firstOf(dataset.test, count);
  const open = await Promise.all(
    networks.map(async ({ name, weights }) => ({ name, ...(await openNetwork(weights)) })),
  );
  try {
    const found: Transfer[] = [];
    for (const [i, { name: from, classifier: source }] of open.entries()) {
      onProgress?.(i, open.length);
      const right = open.map(() => 0);
      for (const { images, labels, start } of batchesOf(set, 128)) {
        signal.throwIfAborted();
        const random = randomStream(seed, 'transfer', start);
        const [{ adversarial }] = attack.run(source, images, labels, { strengths: [epsilon], random });
        open.forEach(({ classifier }, to) =>
          predictClasses(classifier, adversarial).forEach((guess, image) => {
            if (guess === set.labels[start + image]) right[to]++;
          }),
        );
        adversarial.dispose();
        await tf.nextFrame();
      }
      open.forEach(({ name: to }, j) =>
        found.push({ from, to, accuracyPercent: (100 * right[j]) / set.labels.length }),
      );
    }
    return found;
  } finally {
    for (const network of open) network.dispose();
  }
}
