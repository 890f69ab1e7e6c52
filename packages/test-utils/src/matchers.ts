import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';

type Numbers = tf.Tensor | ArrayLike<number>;

const valuesOf = (x: Numbers): ArrayLike<number> => (x instanceof tf.Tensor ? x.dataSync() : x);

/** Largest |a − b| over the largest |b|: an error relative to the scale of the whole tensor. */
export function relativeError(actual: Numbers, expected: Numbers): number {
  const [a, b] = [valuesOf(actual), valuesOf(expected)];
  let worst = 0;
  let scale = 0;
  for (let i = 0; i < b.length; i++) {
    if (!Number.isFinite(a[i]) || !Number.isFinite(b[i])) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, Math.abs(a[i] - b[i]));
    scale = Math.max(scale, Math.abs(b[i]));
  }
  return scale === 0 ? worst : worst / scale;
}

expect.extend({
  toBeAllclose(received: Numbers, expected: Numbers, tolerance = 1e-5) {
    const lengths = [valuesOf(received).length, valuesOf(expected).length];
    const error = lengths[0] === lengths[1] ? relativeError(received, expected) : Number.POSITIVE_INFINITY;
    return {
      pass: error <= tolerance,
      message: () =>
        lengths[0] === lengths[1]
          ? `relative error ${error.toExponential(2)}, tolerance ${tolerance}`
          : `${lengths[0]} values, expected ${lengths[1]}`,
    };
  },
});

declare module 'vitest' {
  // The parameter as vitest declares it, or the declarations don't merge.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  interface Matchers<T = any> {
    /** Every value within `tolerance` (default 1e-5) of the expected one, relative to the largest expected. */
    toBeAllclose(expected: tf.Tensor | ArrayLike<number>, tolerance?: number): T;
  }
}
