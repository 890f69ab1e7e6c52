import * as tf from '@tensorflow/tfjs';
import type { AutoAttack } from '@weightmap/attacks';
import {
  countOf,
  predictClasses,
  randomStream,
  sliceOf,
  tensorsOf,
  type Attack,
  type AttackOutcome,
  type Classifier,
  type ImageSet,
} from '@weightmap/core';
import type { AttackedBatches } from './attacked-point.js';

/** Images attacked at a time; the place of the first names the random streams. */
export const BATCH = 100;

export interface SliceOptions {
  /** Places in the set, from a multiple of `BATCH` on. */
  readonly from: number;
  readonly to: number;
  readonly seed: number;
  /** Looked at between two batches and two attacks of an ensemble. */
  readonly signal: AbortSignal;
  /** Keeps what an attack of an ensemble came to, so that it isn't run again. Default: keeps nothing. */
  readonly kept?: <Value>(key: string, compute: () => Value) => Promise<Value>;
}

/**
 * Some images of a set under an attack, at each strength.
 *
 * Every batch draws from streams of its own, so the result for an image depends on neither the slice nor the other strengths.
 *
 * @throws whatever the signal's reason is when it is aborted, and whatever the attack throws.
 */
export async function attackImages(
  classifier: Classifier,
  set: ImageSet,
  attack: Attack,
  strengths: readonly number[],
  { from, to, seed, signal, kept = (_key, compute) => Promise.resolve(compute()) }: SliceOptions,
): Promise<AttackedBatches[]> {
  const found = strengths.map((): Found => ({ flags: [], batches: [] }));
  for (let start = from; start < to; start += BATCH) {
    const { images, labels } = tensorsOf(sliceOf(set, start, Math.min(BATCH, to - start)));
    try {
      const random = () => randomStream(seed, 'attack', attack.id, start);
      if (isEnsemble(attack))
        for (const [i, strength] of strengths.entries())
          add(
            found[i],
            await runInTurns(
              attack,
              { classifier, images, labels },
              {
                ...{ strength, signal, seed: random().seed() },
                kept: (turn, compute) => kept(`${start}/${strength}/${turn}`, compute),
              },
            ),
          );
      else {
        signal.throwIfAborted();
        const outcomes = attack.run(classifier, images, labels, { strengths, random: random() });
        for (const [i, outcome] of outcomes.entries()) {
          outcome.adversarial.dispose();
          add(found[i], outcome);
        }
      }
    } finally {
      tf.dispose([images, labels]);
    }
    await tf.nextFrame();
  }
  return found.map(({ flags, batches }, i) => ({ strength: strengths[i], fooled: flags.join(''), batches }));
}

interface Found {
  readonly flags: number[];
  readonly batches: AttackedBatches['batches'][number][];
}

/** Of each image of a batch: whether it is misclassified, and how far it was moved. */
type Rows = Pick<AttackOutcome, 'misclassified' | 'linf' | 'l2'>;

function add({ flags, batches }: Found, { misclassified, linf, l2 }: Rows): void {
  flags.push(...misclassified);
  const sum = { changed: 0, linf: 0, l2: 0 };
  linf.forEach((change, image) => {
    if (change === 0) return;
    sum.changed++;
    sum.linf += change;
    sum.l2 += l2[image];
  });
  batches.push(sum);
}

const isEnsemble = (attack: Attack): attack is AutoAttack => 'turn' in attack;

/** What one attack of an ensemble did to the images that were still right, by their positions. */
interface Turn {
  readonly open: readonly number[];
  readonly fooled: readonly number[];
  readonly linf: readonly number[];
  readonly l2: readonly number[];
}

/** An ensemble as its `run` does it, attack by attack. */
async function runInTurns(
  attack: AutoAttack,
  { classifier, images, labels }: { classifier: Classifier; images: tf.Tensor4D; labels: tf.Tensor1D },
  {
    strength,
    seed,
    signal,
    kept,
  }: Pick<SliceOptions, 'seed' | 'signal'> & {
    strength: number;
    kept: (turn: number, compute: () => Turn) => Promise<Turn>;
  },
): Promise<Rows> {
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

/** Of each image: `1` if it is misclassified as it is. */
export function cleanFlags(classifier: Classifier, set: ImageSet): string {
  const flags: number[] = [];
  for (let start = 0; start < countOf(set); start += BATCH) {
    const { images, labels } = tensorsOf(sliceOf(set, start, BATCH));
    predictClasses(classifier, images).forEach((guess, i) =>
      flags.push(Number(guess !== set.labels[start + i])),
    );
    tf.dispose([images, labels]);
  }
  return flags.join('');
}
