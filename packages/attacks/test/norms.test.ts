import * as tf from '@tensorflow/tfjs';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { norms } from '../src/_norms.js';

useEngine();

describe('norms', () => {
  it('normalise a gradient image by image, tiny ones too, and leave 0 at 0', () => {
    const gradient = tf.tensor4d([3, -4, 3e-25, -4e-25, 0, 0], [3, 1, 2, 1]);
    expect(norms.l2.normalize(gradient)).toBeAllclose([0.6, -0.8, 0.6, -0.8, 0, 0]);
    expect([...norms.linf.normalize(gradient).dataSync()]).toEqual([1, -1, 1, -1, 0, 0]);
  });

  it('leave points inside the ball where they are', () => {
    const centers = tf.tensor4d([0.2, 0.7], [1, 1, 2, 1]);
    const points = tf.tensor4d([0.25, 0.66], [1, 1, 2, 1]);
    expect([...norms.linf.project(points, centers, tf.scalar(0.1)).dataSync()]).toEqual([
      ...points.dataSync(),
    ]);
    expect(norms.l2.project(points, centers, tf.scalar(0.1))).toBeAllclose(points, 1e-6);
  });
});
