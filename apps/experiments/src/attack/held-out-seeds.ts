import * as tf from '@tensorflow/tfjs';
import { substitute } from '@weightmap/attacks';
import { batchOf, countOf, randomStream, WeightmapError, type Attack, type Dataset } from '@weightmap/core';

/** As many as Papernot et al. begin with, or as there are. */
const SEEDS = 150;

/** How many of a validation part's images the substitute model begins with. */
export const heldOutCount = (validation: number): number => Math.min(SEEDS, validation);

export interface HeldOut {
  readonly attacks: readonly Attack[];
  /** What the results of an attack depend on beside the attacked images. */
  readonly circumstances: (id: string) => object;
  dispose(): void;
}

/**
 * The attacks, of which the substitute model begins with images of the validation part, drawn by the seed: the network
 * wasn't trained on them, and they aren't attacked.
 *
 * @throws WeightmapError if the substitute model is among them and there is no validation part.
 */
export function withHeldOutSeeds(
  attacks: readonly Attack[],
  { validation, label }: Dataset,
  seed: number,
): HeldOut {
  const nothing = { attacks, circumstances: () => ({}), dispose() {} };
  if (!attacks.some(({ id }) => id === 'substitute')) return nothing;
  const count = heldOutCount(countOf(validation));
  if (count === 0)
    throw new WeightmapError('There are no held-out images for a substitute model.', {
      where: `the validation part of ${label}`,
      expected: `images, ${SEEDS} at best`,
      fix: 'leave substitute out of --attacks',
    });
  const order = randomStream(seed, 'substitute', 'seeds').permutation(countOf(validation));
  const { images: seeds, labels } = batchOf(validation, order.slice(0, count));
  labels.dispose();
  const seeded = substitute({ seeds });
  return {
    attacks: attacks.map((attack) => (attack.id === seeded.id ? seeded : attack)),
    circumstances: (id) => (id === seeded.id ? { heldOut: count } : {}),
    dispose: () => tf.dispose(seeds),
  };
}
