import type { RandomStream } from '@weightmap/core';

/**
 * Draws one random point for each image, for a ball of radius 1.
 *
 * @param size components of an image
 * @returns [count · size]
 */
export type Starts = (random: RandomStream, count: number, size: number) => Float32Array;

/** Points distributed uniformly in the ball. */
export const insideBall = {
  linf: (random, count, size) => random.uniforms(count * size, -1, 1),
  /** A uniformly distributed direction, at a distance whose `size`-th power is uniform. */
  l2: (random, count, size) =>
    eachImage(random.normals(count * size), size, (point) => {
      const radius = random.uniform() ** (1 / size);
      return radius / Math.sqrt(sumOf(point, (value) => value ** 2));
    }),
  /** Exponentially distributed sizes with random signs, divided by the sum of the sizes and one more such number. */
  l1: (random, count, size) => {
    const exponential = () => -Math.log(1 - random.uniform());
    const points = Float32Array.from({ length: count * size }, () =>
      random.uniform() < 0.5 ? -exponential() : exponential(),
    );
    return eachImage(points, size, (point) => 1 / (sumOf(point, Math.abs) + exponential()));
  },
} as const satisfies Record<'linf' | 'l2' | 'l1', Starts>;

/** Points on the surface of the ball, where Auto-PGD of Croce & Hein starts. */
export const onSurface = {
  /** U(−1, 1) in every component, scaled until the largest is 1. */
  linf: (random, count, size) =>
    eachImage(random.uniforms(count * size, -1, 1), size, (point) => 1 / largestOf(point)),
  /** A uniformly distributed direction. */
  l2: (random, count, size) =>
    eachImage(
      random.normals(count * size),
      size,
      (point) => 1 / Math.sqrt(sumOf(point, (value) => value ** 2)),
    ),
} as const satisfies Record<'linf' | 'l2', Starts>;

/** N(0, 1) in every component: not in the ball, but to be projected onto it. */
export const normals: Starts = (random, count, size) => random.normals(count * size);

/** Multiplies the components of each image by a factor computed from them. */
function eachImage(
  points: Float32Array,
  size: number,
  factorOf: (point: Float32Array) => number,
): Float32Array {
  for (let i = 0; i < points.length; i += size) {
    const point = points.subarray(i, i + size);
    const factor = factorOf(point);
    for (let j = 0; j < size; j++) point[j] *= factor;
  }
  return points;
}

const sumOf = (point: Float32Array, f: (value: number) => number) =>
  point.reduce((sum, value) => sum + f(value), 0);

const largestOf = (point: Float32Array) =>
  point.reduce((largest, value) => Math.max(largest, Math.abs(value)), Number.MIN_VALUE);
