import type * as tf from '@tensorflow/tfjs';
import { batchesOf, randomStream, type Attack, type Classifier, type ImageSet } from '@weightmap/core';

/** What is done to the images before something is measured on them. */
export interface Perturbation {
  /** Noise or an attack; it gets the true labels. */
  readonly attack: Attack;
  /** ε or β, in units of the classifier's pixels: with bounds [−1, 1], 0.2 is a tenth of their range. */
  readonly strength: number;
}

export interface PerturbedBatch {
  /** [batch, height, width, channels], those of the set within the classifier's bounds. */
  readonly clean: tf.Tensor4D;
  /** The same images, perturbed; `clean` itself if there is nothing to do. */
  readonly images: tf.Tensor4D;
  /** Index of the first image. */
  readonly start: number;
}

/**
 * Consecutive batches over a whole set, perturbed; each is disposed after its turn in the loop.
 *
 * A batch has the random stream that `robustnessCurve` gives it, for equal seeds and batch sizes.
 */
export function* perturbedBatches(
  classifier: Classifier,
  set: ImageSet,
  {
    perturbation,
    seed,
    batchSize,
  }: { perturbation: Perturbation | undefined; seed: number; batchSize: number },
): Generator<PerturbedBatch> {
  for (const { images: clean, labels, start } of batchesOf(set, batchSize, classifier)) {
    if (!perturbation) {
      yield { clean, images: clean, start };
      continue;
    }
    const { attack, strength } = perturbation;
    const random = randomStream(seed, attack.id, start);
    const [{ adversarial }] = attack.run(classifier, clean, labels, { strengths: [strength], random });
    try {
      yield { clean, images: adversarial, start };
    } finally {
      adversarial.dispose();
    }
  }
}
