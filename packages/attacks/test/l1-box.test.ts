import * as tf from '@tensorflow/tfjs';
import { randomStream } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { ontoL1BallInBox } from '../src/ascent/_l1-box.js';
import { inL1BallAndBox, rowsOf } from './_plain.js';

useEngine('cpu');

const SHAPE: [number, number, number, number] = [8, 5, 3, 2];
const BOUNDS = [-1, 2] as const;

describe('ontoL1BallInBox', () => {
  it.each([0, 0.01, 1, 5, 20, 60])('finds the nearest point (radius %d)', async (radius) => {
    const random = randomStream(1, 'box');
    const centers = tf.tensor4d(random.uniforms(240, ...BOUNDS), SHAPE);
    // From within the bounds to far outside, and components that don't change, or lie on a bound.
    const points = centers.add<tf.Tensor4D>(
      tf.tensor4d(
        random.normals(240).map((value, i) => (i % 7 === 0 ? 0 : value * (1 + (i % 4)) * 0.5)),
        SHAPE,
      ),
    );
    const found = await expectNoLeak(
      () => tf.tidy(() => ontoL1BallInBox(points, centers, tf.scalar(radius), BOUNDS)),
      1,
    );
    const rows = rowsOf(points);
    rowsOf(centers).forEach((center, i) => {
      expect(rowsOf(found)[i]).toBeAllclose(inL1BallAndBox(rows[i], center, radius, BOUNDS), 1e-5);
    });
    tf.dispose([centers, points, found]);
  });

  it('leaves points within both as they are, and unchanged components exactly so', () => {
    const centers = tf.tensor4d([0, 1, 0.3, 0.6], [1, 2, 2, 1]);
    const near = tf.tensor4d([0.1, 0.8, 0.3, 0.6], [1, 2, 2, 1]);
    expect(ontoL1BallInBox(near, centers, tf.scalar(1), [0, 1])).toBeAllclose(near, 1e-7);
    // What the bounds take from the first two the third has.
    const far = tf.tensor4d([-3, 4, 0.5, 0.6], [1, 2, 2, 1]);
    const [a, b, c, d] = ontoL1BallInBox(far, centers, tf.scalar(0.15), [0, 1]).dataSync();
    expect([a, b]).toEqual([0, 1]);
    expect(c).toBeCloseTo(0.45, 6);
    expect(d).toBe(Math.fround(0.6));
  });
});
