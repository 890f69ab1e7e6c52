import * as tf from '@tensorflow/tfjs';
import { randomStream } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { lengths, norms } from '../src/harness/_norms.js';

useEngine('cpu');

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

  it('measure changes, pixels of several channels too', () => {
    const changes = tf.tensor4d([3, -4, 0, 0, 0, 1e-9, 0, 0, 0, 0, 0, 0], [2, 1, 3, 2]);
    expect(lengths.linf.length(changes)).toBeAllclose([4, 0]);
    expect(lengths.l2.length(changes)).toBeAllclose([5, 0]);
    expect(lengths.l1.length(changes)).toBeAllclose([7, 0]);
    expect([...lengths.l0.length(changes).dataSync()]).toEqual([2, 0]);
  });

  it('take another radius for each image', () => {
    const centers = tf.zeros<tf.Rank.R4>([2, 1, 2, 1]);
    const points = tf.tensor4d([3, 4, 3, 4], [2, 1, 2, 1]);
    const radius = tf.tensor4d([1, 2], [2, 1, 1, 1]);
    expect(norms.linf.project(points, centers, radius)).toBeAllclose([1, 1, 2, 2]);
    expect(norms.l2.project(points, centers, radius)).toBeAllclose([0.6, 0.8, 1.2, 1.6]);
    expect(norms.l1.project(points, centers, radius)).toBeAllclose([0, 1, 0.5, 1.5]);
  });
});

describe('L1', () => {
  it('steps along the steepest component, shared among equals', () => {
    const gradient = tf.tensor4d([1, -3, 2, -1e-30, 0, 1e-30, 0, 0, 0], [3, 1, 3, 1]);
    expect(norms.l1.normalize(gradient)).toBeAllclose([0, -1, 0, -0.5, 0, 0.5, 0, 0, 0]);
  });

  /** The shrinkage θ that makes Σ max(|x| − θ, 0) the radius, by bisection. */
  const shrunk = (x: number[], radius: number) => {
    let [low, high] = [0, Math.max(...x.map(Math.abs))];
    const length = (theta: number) => x.reduce((sum, v) => sum + Math.max(Math.abs(v) - theta, 0), 0);
    if (length(0) <= radius) return x;
    for (let i = 0; i < 80; i++) {
      const middle = (low + high) / 2;
      if (length(middle) > radius) low = middle;
      else high = middle;
    }
    return x.map((v) => Math.sign(v) * Math.max(Math.abs(v) - high, 0));
  };

  it.each([0, 0.01, 1, 5, 30])('projects onto the ball of radius %d, exactly', (radius) => {
    const rows = Array.from({ length: 6 }, (_, i) => [...randomStream(i, 'x').uniforms(30, -1, 1)]);
    const points = tf.tensor4d(rows.flat(), [6, 5, 3, 2]);
    const projected = norms.l1.project(points, tf.zerosLike(points), tf.scalar(radius));
    expect(projected).toBeAllclose(
      rows.flatMap((x) => shrunk(x, radius)),
      1e-5,
    );
    for (const length of norms.l1.length(projected).dataSync())
      expect(length).toBeLessThanOrEqual(radius + 1e-5);
  });

  it('leaves what is within the ball as it is', () => {
    const points = tf.tensor4d([0.25, -0.5, 0.1, 0.2], [2, 1, 2, 1]);
    expect([...norms.l1.project(points, tf.zerosLike(points), tf.scalar(0.75)).dataSync()]).toEqual([
      ...points.dataSync(),
    ]);
  });
});
