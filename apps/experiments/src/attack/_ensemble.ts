import * as tf from '@tensorflow/tfjs';
import { autoAttackMembers, type AutoAttack } from '@weightmap/attacks';
import {
  predictClasses,
  type Attack,
  type AttackOutcome,
  type Batch,
  type Classifier,
} from '@weightmap/core';
import { lessSuspicious } from '@weightmap/metrics';
import type { Score } from './rejection.js';

/** For each image of a batch: whether it is misclassified, and how far it was moved; its score, where there is one. */
export type Outcome = Pick<AttackOutcome, 'misclassified' | 'linf' | 'l2'> & {
  readonly wrong?: readonly (number | null)[];
};

/** What one attack of an ensemble did to the images that were still classified correctly, by their positions. */
interface Turn {
  readonly open: readonly number[];
  readonly fooled: readonly number[];
  readonly linf: readonly number[];
  readonly l2: readonly number[];
  readonly wrong?: readonly (number | null)[];
}

interface TurnOptions {
  readonly strength: number;
  readonly seed: number;
  /** Checked before each attack. */
  readonly signal: AbortSignal;
  /** Returns a stored result, or computes and stores it. */
  readonly kept: (turn: number, compute: () => Turn) => Promise<Turn>;
  /** Scores attacked images, for a network that may abstain. */
  readonly score?: Score;
}

/** Ids of the attacks that an attack consists of; none if it is a single one. */
export const membersOf = (id: string, classes: number): readonly string[] =>
  id === 'auto-attack' ? autoAttackMembers({ classes }).map((member) => member.id) : [];

export const isEnsemble = (attack: Attack): attack is AutoAttack => 'turn' in attack;

/** Runs an ensemble on one batch, attack by attack, with the same result as its own `run`; each attack's result is kept. */
export async function runInTurns(
  attack: AutoAttack,
  classifier: Classifier,
  { images, labels }: Batch,
  { strength, seed, signal, kept, score }: TurnOptions,
): Promise<Outcome> {
  const truth = labels.dataSync();
  const { answers = classifier.classes } = classifier;
  // An image that the network abstains from is attacked, too: the attack may have it accepted.
  const misclassified = Uint8Array.from(predictClasses(classifier, images), (guess, i) =>
    Number(guess !== truth[i] && guess < answers),
  );
  const linf = new Float32Array(misclassified.length);
  const l2 = new Float32Array(misclassified.length);
  const wrong = score?.(images, labels);
  let open = [...misclassified.keys()].filter((i) => !misclassified[i]);
  const turns = strength === 0 ? 0 : attack.members(classifier.classes).length;
  for (let turn = 0; turn < turns && open.length > 0; turn++) {
    signal.throwIfAborted();
    const done = await kept(turn, () => {
      const outcome = attack.turn(classifier, images, labels, { turn, strength, seed, open });
      const rows = <Value>(values: ArrayLike<Value>) => open.map((_, row) => values[row]);
      const scores = score && rows(scoreOf(outcome.adversarial, labels, { open, score }));
      outcome.adversarial.dispose();
      return {
        open,
        fooled: rows(outcome.succeeded),
        linf: rows(outcome.linf),
        l2: rows(outcome.l2),
        ...(scores && { wrong: scores }),
      };
    });
    done.open.forEach((image, row) => {
      if (wrong) wrong[image] = lessSuspicious(wrong[image], done.wrong?.[row] ?? null);
      if (!done.fooled[row] && turn > 0) return;
      misclassified[image] = done.fooled[row];
      linf[image] = done.linf[row];
      l2[image] = done.l2[row];
    });
    open = done.open.filter((_, row) => !done.fooled[row]);
    await tf.nextFrame();
  }
  return { misclassified, linf, l2, ...(wrong && { wrong }) };
}

/** The scores of the first rows of attacked images, which are the open ones; others fill up the batch. */
const scoreOf = (
  adversarial: tf.Tensor4D,
  labels: tf.Tensor1D,
  { open, score }: { readonly open: readonly number[]; readonly score: Score },
) => {
  const truth = labels.dataSync();
  const images = adversarial.slice(0, open.length);
  const own = tf.tensor1d(
    open.map((image) => truth[image]),
    'int32',
  );
  try {
    return score(images, own);
  } finally {
    tf.dispose([images, own]);
  }
};
