import { setImmediate as nextTurn } from 'node:timers/promises';
import type * as tf from '@tensorflow/tfjs';
import {
  asClassifier,
  balancedSubset,
  batchesOf,
  countOf,
  randomStream,
  type Attack,
  type ImageSet,
} from '@weightmap/core';
import { compiledClassifier } from '@weightmap/engine';

/** Validation images that epochs are compared on. */
const IMAGES = 1000;
const BATCH_SIZE = 250;

/** Measures a model under the attack that epochs are selected by. */
export interface RobustJudge {
  /** @returns the share of images misclassified, 0 … 100. */
  measure(): Promise<number>;
  dispose(): void;
}

/**
 * Prepares the measurement: at most 1,000 validation images, as many of each class as possible, and the same random numbers
 * for the attack every time.
 */
export function robustJudge(
  model: tf.LayersModel,
  validation: ImageSet,
  { attack, epsilon, seed }: { attack: Attack; epsilon: number; seed: number },
): RobustJudge {
  const set = balancedSubset(validation, IMAGES, { seed });
  const classifier = compiledClassifier(asClassifier(model));
  return {
    async measure() {
      const random = randomStream(seed, 'selection');
      let wrong = 0;
      for (const { images, labels } of batchesOf(set, BATCH_SIZE)) {
        const [outcome] = attack.run(classifier, images, labels, { strengths: [epsilon], random });
        outcome.adversarial.dispose();
        wrong += outcome.misclassified.reduce((sum, flag) => sum + flag, 0);
        await nextTurn();
      }
      return (100 * wrong) / countOf(set);
    },
    dispose: () => classifier.dispose(),
  };
}
