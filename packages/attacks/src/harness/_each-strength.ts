import type * as tf from '@tensorflow/tfjs';
import { randomStream, type AttackOptions, type RandomStream } from '@weightmap/core';

/**
 * Runs an attack separately for every strength. Each strength gets the same random numbers, so its result does not depend
 * on the other strengths. At strength 0 the images are returned unchanged.
 */
export function eachStrength(
  images: tf.Tensor4D,
  { strengths, random }: Pick<AttackOptions, 'strengths' | 'random'>,
  attack: (strength: number, random: RandomStream) => tf.Tensor4D,
): tf.Tensor4D[] {
  const seed = random.seed();
  return strengths.map((strength) =>
    strength === 0 ? images : attack(strength, randomStream(seed, 'strength')),
  );
}
