import * as tf from '@tensorflow/tfjs';
import type { AutoAttack } from '@weightmap/attacks';
import {
  predictClasses,
  type Attack,
  type AttackOutcome,
  type Batch,
  type Classifier,
} from '@weightmap/core';

/** For each image of a batch: whether it is misclassified, and how far it was moved. */
export type Outcome = Pick<AttackOutcome, 'misclassified' | 'linf' | 'l2'>;

/** What one attack of an ensemble did to the images that were still classified correctly, by their positions. */
interface Turn {
  readonly open: readonly number[];
  readonly fooled: readonly number[];
  readonly linf: readonly number[];
  readonly l2: readonly number[];
}

interface TurnOptions {
  readonly strength: number;
  readonly seed: number;
  /** Checked before each attack. */
  readonly signal: AbortSignal;
  /** Returns a stored result, or computes and stores it. */
  readonly kept: (turn: number, compute: () => Turn) => Promise<Turn>;
}

export const isEnsemble = (attack: Attack): attack is AutoAttack => 'turn' in attack;

/** Runs an ensemble on one batch, attack by attack, with the same result as its own `run`; each attack's result is kept. */
export async function runInTurns(
  attack: AutoAttack,
  classifier: Classifier,
  { images, labels }: Batch,
  { strength, seed, signal, kept }: TurnOptions,
): Promise<Outcome> {
  const truth = labels.dataSync();
  const misclassified = Uint8Array.from(predictClasses(classifier, images), (guess, i) =>
    Number(guess !== truth[i]),
  );
  const linf = new Float32Array(misclassified.length);
  const l2 = new Float32Array(misclassified.length);
  let open = [...misclassified.keys()].filter((i) => !misclassified[i]);
  const turns = strength === 0 ? 0 : attack.members(classifier.classes).length;
  for (let turn = 0; turn < turns && open.length > 0; turn++) {
    signal.throwIfAborted();
    const done = await kept(turn, () => {
      const outcome = attack.turn(classifier, images, labels, { turn, strength, seed, open });
      outcome.adversarial.dispose();
      const rows = (values: ArrayLike<number>) => open.map((_, row) => values[row]);
      return { open, fooled: rows(outcome.succeeded), linf: rows(outcome.linf), l2: rows(outcome.l2) };
    });
    done.open.forEach((image, row) => {
      if (!done.fooled[row] && turn > 0) return;
      misclassified[image] = done.fooled[row];
      linf[image] = done.linf[row];
      l2[image] = done.l2[row];
    });
    open = done.open.filter((_, row) => !done.fooled[row]);
    await tf.nextFrame();
  }
  return { misclassified, linf, l2 };
}
