import { wilsonInterval } from '@weightmap/core';
import type { Estimate } from './check.js';
import { onlyIn, shareOf } from './_probe.js';

/** Normal quantile of a 95 % interval. */
const Z = 1.959963984540054;

/** The share of true flags. @param above subtracted from it, such as the chance level. */
export function share(flags: readonly boolean[], above = 0): Estimate {
  const found = shareOf(flags);
  return {
    value: found - above,
    intervalFrom(images) {
      const [low, high] = wilsonInterval(found, images, Z);
      return [low - above, high - above];
    },
  };
}

/**
 * The difference between the success rates of two attacks on the same images, in percentage points: 100 (b − c)/n, where b
 * of n images are fooled only by the first attack and c only by the second. The interval is d ± z·√((p + q − d²)/(n + 2)) with
 * p = (b + 1)/(n + 2), q = (c + 1)/(n + 2) and d = p − q.
 *
 * Source: Bonett & Price, “Adjusted Wald confidence interval for a difference of binomial proportions based on paired data”,
 * 2012.
 */
export function gain(more: readonly boolean[], less: readonly boolean[]): Estimate {
  const [b, c] = [onlyIn(more, less), onlyIn(less, more)].map((images) => images.length / more.length);
  return {
    value: 100 * (b - c),
    intervalFrom(images) {
      const [p, q] = [b, c].map((part) => (part * images + 1) / (images + 2));
      const difference = p - q;
      const half = Z * Math.sqrt((p + q - difference ** 2) / (images + 2));
      return [100 * Math.max(-1, difference - half), 100 * Math.min(1, difference + half)];
    },
  };
}

/** The larger one. */
export const larger = (a: Estimate, b: Estimate): Estimate => (b.value > a.value ? b : a);
