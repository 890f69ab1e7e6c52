import * as tf from '@tensorflow/tfjs';
import type { Nearest } from '../harness/_nearest.js';
import { repeat } from '../harness/_repeat.js';

/** Above, c has not been tried yet. */
const NO_LIMIT = 1e10;

/** What minimising length + c · loss for given c found. */
export type Descent = Nearest & {
  /** [rows], 1 where any image on the way fooled. */
  readonly reached: tf.Tensor1D;
};

/**
 * Looks for each image's smallest c at which length + c · loss has a minimum that fools: c grows tenfold until it does,
 * and is halved between the largest that doesn't and the smallest that does.
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

/** What a minimisation for given c knows between two steps. */
type Descending = Readonly<Record<string, tf.Tensor>> &
  Descent & {
    /** What is minimised, all images together. */
    readonly total: tf.Tensor;
  };

/** What it begins with, beside what is the attack's own. */
export const undescended = (nearest: Nearest, constant: tf.Tensor1D) => ({
  ...nearest,
  ...{ constant, reached: tf.zerosLike(constant), total: tf.scalar(0) },
});

/**
 * Minimises for given c.
 *
 * @param options.abortEarly whether to end when a tenth of the steps gained less than 0.01 %.
 * @param advance takes a step; it gets all but the total, which steps only give.
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

/** Steps between two looks at whether a minimisation still gains: as Carlini & Wagner's code looks, ten times. */
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
