import * as tf from '@tensorflow/tfjs';
import { substitute } from '@weightmap/attacks';
import { batchOf, countOf, randomStream, WeightmapError, type Attack, type Dataset } from '@weightmap/core';

/** At most as many as Papernot et al. begin with. */
const SEEDS = 150;

/** The number of validation images that the substitute model begins with. */
export const heldOutCount = (validation: number): number => Math.min(SEEDS, validation);

/**
 * Gives the substitute attack its first images: some of the validation part, drawn by the seed. The network wasn't trained on
 * them, and they aren't attacked. Other attacks are returned unchanged.
 *
 * @returns the attack, and a function that disposes its images.
 * @throws WeightmapError if the attack is the substitute model and there is no validation part.
 */
export function withHeldOutSeeds(
  attack: Attack,
  { validation, label }: Dataset,
  seed: number,
): { readonly attack: Attack; dispose(): void } {
  if (attack.id !== 'substitute') return { attack, dispose() {} };
  const count = heldOutCount(countOf(validation));
  if (count === 0)
    throw new WeightmapError('There are no held-out images for a substitute model.', {
      where: `the validation part of ${label}`,
      expected: `${SEEDS} images or fewer`,
      fix: 'leave substitute out of --attacks',
    });
  const order = randomStream(seed, 'substitute', 'seeds').permutation(countOf(validation));
  const { images: seeds, labels } = batchOf(validation, order.slice(0, count));
  labels.dispose();
  return { attack: substitute({ seeds }), dispose: () => tf.dispose(seeds) };
}
