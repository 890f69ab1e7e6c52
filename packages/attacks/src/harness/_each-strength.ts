import type * as tf from '@tensorflow/tfjs';
import { randomStream, type AttackOptions, type RandomStream } from '@weightmap/core';

/**
 * The results of an attack that starts anew for every strength. Each strength draws the same random numbers, so that it
 * depends on no other; at strength 0 there is nothing to look for.
 */
export function eachStrength(
  images: tf.Tensor4D,
  { strengths, random }: AttackOptions,
  attack: (strength: number, random: RandomStream) => tf.Tensor4D,
): tf.Tensor4D[] {
  const seed = random.seed();
  return strengths.map((strength) =>
    strength === 0 ? images : attack(strength, randomStream(seed, 'strength')),
  );
}
