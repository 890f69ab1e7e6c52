import * as tf from '@tensorflow/tfjs';
import '@weightmap/architectures'; // registers the layers that a stored model may have
import {
  batchesOf,
  predictClasses,
  randomStream,
  sliceOf,
  type Attack,
  type Classifier,
  type Dataset,
  type ImageSet,
} from '@weightmap/core';
import type { CellDefense } from '@weightmap/records';
import { loadModel } from '@weightmap/training';
import { defendNetwork } from '../cells/defended-network.js';
import { isEnsemble, runInTurns, type Outcome } from './_ensemble.js';
import type { Score } from './rejection.js';

/** Images attacked at a time. The position of the first names the random streams. */
export const BATCH = 100;

/**
 * Opens a trained network for attacks: compiled, for pixels in [0, 1]. The caller disposes it.
 *
 * @param weights the folder that it was saved in.
 * @param defense is put around it, the same way as when it was measured.
 * @param loadData loads the data of its cell, where a defence needs it.
 * @throws WeightmapError if the weights are missing or damaged.
 */
export async function openNetwork(
  weights: string,
  defense: CellDefense | undefined,
  loadData: () => Promise<Dataset>,
) {
  const model = await loadModel(weights);
  try {
    const measured = await defendNetwork(model, defense, loadData);
    const { classifier, uncompiled, network, unaware, rejection } = measured;
    const dispose = () => {
      measured.dispose();
      model.dispose();
    };
    return { model, classifier, uncompiled, network, unaware, rejection, dispose };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** One attack at one strength, on some images. */
export interface AttackedBatches {
  readonly strength: number;
  /** For each image, in order: `1` if it is misclassified under the attack, else `0`. */
  readonly fooled: string;
  /** For each batch: the number of images that were changed, and the sums of their L∞ and L2 distances. */
  readonly batches: readonly { readonly changed: number; readonly linf: number; readonly l2: number }[];
  /** For each image, in order, as `scorer` gives them; only for a network that may abstain. */
  readonly wrong?: readonly (number | null)[];
}

export interface SliceOptions {
  /** Positions in the set. `from` is a multiple of `BATCH`. */
  readonly from: number;
  readonly to: number;
  readonly seed: number;
  /** Checked between two batches and between two attacks of an ensemble. */
  readonly signal: AbortSignal;
  /** Stores what an attack of an ensemble found, so that it isn't run again. Default: stores nothing. */
  readonly kept?: <Value>(key: string, compute: () => Value) => Promise<Value>;
  /** Scores attacked images, for a network that may abstain. */
  readonly score?: Score;
}

/**
 * Attacks some images of a set at each strength.
 *
 * Unlike `robustnessCurve` of `@weightmap/metrics` it keeps a flag and distances for each image, and can be resumed within an
 * ensemble. Every batch has its own random stream, so the result for an image depends neither on the slice nor on the
 * other strengths.
 *
 * @throws the signal's reason when it is aborted, and whatever the attack throws.
 */
export async function attackImages(
  classifier: Classifier,
  set: ImageSet,
  attack: Attack,
  strengths: readonly number[],
  { from, to, seed, signal, score, kept = (_key, compute) => Promise.resolve(compute()) }: SliceOptions,
): Promise<AttackedBatches[]> {
  const found = strengths.map((): Found => ({ flags: [], batches: [], wrong: [] }));
  for (const { start: offset, ...batch } of batchesOf(sliceOf(set, from, to - from), BATCH, classifier)) {
    const start = from + offset;
    const random = () => randomStream(seed, 'attack', attack.id, start);
    if (isEnsemble(attack))
      for (const [i, strength] of strengths.entries())
        add(
          found[i],
          await runInTurns(attack, classifier, batch, {
            strength,
            signal,
            score,
            seed: random().seed(),
            kept: (turn, compute) => kept(`${start}/${strength}/${turn}`, compute),
          }),
        );
    else {
      signal.throwIfAborted();
      const outcomes = attack.run(classifier, batch.images, batch.labels, { strengths, random: random() });
      for (const [i, outcome] of outcomes.entries()) {
        const wrong = score?.(outcome.adversarial, batch.labels);
        outcome.adversarial.dispose();
        add(found[i], { ...outcome, wrong });
      }
    }
    await tf.nextFrame();
  }
  return found.map(({ flags, batches, wrong }, i) => ({
    strength: strengths[i],
    fooled: flags.join(''),
    batches,
    ...(score && { wrong }),
  }));
}

interface Found {
  readonly flags: number[];
  readonly batches: AttackedBatches['batches'][number][];
  readonly wrong: (number | null)[];
}

function add(found: Found, { misclassified, linf, l2, wrong = [] }: Outcome): void {
  const { flags, batches } = found;
  flags.push(...misclassified);
  found.wrong.push(...wrong);
  const sum = { changed: 0, linf: 0, l2: 0 };
  linf.forEach((change, image) => {
    if (change === 0) return;
    sum.changed++;
    sum.linf += change;
    sum.l2 += l2[image];
  });
  batches.push(sum);
}

/** For each image: `1` if the network misclassifies it without an attack, else `0`. */
export function cleanFlags(classifier: Classifier, set: ImageSet): string {
  const flags: number[] = [];
  for (const { images, start } of batchesOf(set, BATCH, classifier))
    predictClasses(classifier, images).forEach((guess, i) =>
      flags.push(Number(guess !== set.labels[start + i])),
    );
  return flags.join('');
}
