import * as tf from '@tensorflow/tfjs';
import type { Nearest } from '../harness/_nearest.js';
import { repeat } from '../harness/_repeat.js';

/** Larger than every c that has been tried. */
const NO_LIMIT = 1e10;

/** The result of minimising distance + c · loss for a given c. */
export type Descent = Nearest & {
  /** [rows], 1 if any image of the descent was adversarial. */
  readonly reached: tf.Tensor1D;
};

/**
 * Searches, for each image, the smallest c for which the minimum of distance + c · loss is adversarial. c grows tenfold until
 * it is, and is then bisected between the largest c that fails and the smallest that succeeds.
 *
 * @param minimise for c, [rows], and keeps the nearest images over all c.
 */
export function searchConstant(
  start: Nearest,
  { searches, firstConstant }: { searches: number; firstConstant: number },
  minimise: (constant: tf.Tensor1D, nearest: Nearest) => Descent,
): tf.Tensor4D {
  const rows = start.distance.shape[0];
  const first = {
    ...start,
    constant: tf.fill<tf.Rank.R1>([rows], firstConstant),
    lower: tf.zeros<tf.Rank.R1>([rows]),
    upper: tf.fill<tf.Rank.R1>([rows], NO_LIMIT),
  };
  const { nearest } = repeat(first, searches, ({ constant, lower, upper, ...found }) => {
    const { reached, ...better } = minimise(constant, found);
    const high = tf.where(reached.greater(0), upper.minimum<tf.Tensor1D>(constant), upper);
    const low = tf.where(reached.greater(0), lower, lower.maximum<tf.Tensor1D>(constant));
    const middle = low.add<tf.Tensor1D>(high).div<tf.Tensor1D>(2);
    return {
      ...better,
      lower: low,
      upper: high,
      constant: tf.where(high.less(NO_LIMIT), middle, constant.mul<tf.Tensor1D>(10)),
    };
  });
  return nearest;
}

/** The state of a minimisation between two steps. */
type Descending = Readonly<Record<string, tf.Tensor>> &
  Descent & {
    /** The value that is minimised, over all images. */
    readonly total: tf.Tensor;
  };

/** The start of a minimisation, without the tensors of the attack. */
export const undescended = (nearest: Nearest, constant: tf.Tensor1D) => ({
  ...nearest,
  constant,
  reached: tf.zerosLike(constant),
  total: tf.scalar(0),
});

/**
 * Minimises for a given c.
 *
 * @param options.abortEarly whether to end when a tenth of the steps gained less than 0.01 %.
 * @param advance takes a step; its state is without the total, which a step only returns.
 */
export function descend<S extends Descending>(
  start: S,
  { steps, abortEarly }: { steps: number; abortEarly: boolean },
  advance: (state: Omit<S, 'total'>, index: number) => Partial<S>,
): Descent {
  const gains = stillGains(steps);
  const { nearest, distance, reached } = repeat(
    start,
    steps,
    ({ total: _, ...state }, index) => advance(state, index),
    ({ total }, index) => abortEarly && !gains(total, index),
  );
  return { nearest, distance, reached };
}

/** Checks ten times in all whether a minimisation still gains, as in Carlini & Wagner's code. */
function stillGains(steps: number): (total: tf.Tensor, index: number) => boolean {
  const period = Math.max(1, Math.floor(steps / 10));
  let before = Infinity;
  return (total, index) => {
    if (index === 0 || (index - 1) % period > 0) return true;
    const [now] = total.dataSync();
    const gains = now <= before * 0.9999;
    before = now;
    return gains;
  };
}
