import * as tf from '@tensorflow/tfjs';
import { randomStream } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { ontoPlane } from '../src/search/_hyperplane.js';

useEngine('cpu');

const SIZE = 6;

/** Tries every set of components that lie at their bounds; the others go by t·u each. */
function bruteForce(norm: 'linf' | 'l2', x: number[], w: number[], need: number): number[] {
  const way = w.map((v) => Math.sign(v) * Math.sign(need));
  const room = x.map((v, j) => (way[j] > 0 ? 1 - v : v));
  const speed = w.map((v) => (norm === 'linf' ? 1 : Math.abs(v)));
  const lengthOf = (d: number[]) => (norm === 'linf' ? Math.max(...d.map(Math.abs)) : Math.hypot(...d));
  let best = { length: Infinity, change: room.map((r, j) => way[j] * r) };
  for (let set = 0; set < 2 ** SIZE - 1; set++) {
    const bound = w.map((_, j) => ((set >> j) & 1) === 1);
    const gained = w.reduce((sum, v, j) => sum + (bound[j] ? Math.abs(v) * room[j] : 0), 0);
    const slope = w.reduce((sum, v, j) => sum + (bound[j] ? 0 : Math.abs(v) * speed[j]), 0);
    if (slope === 0) continue;
    const t = (Math.abs(need) - gained) / slope;
    if (t < 0 || w.some((_, j) => !bound[j] && t * speed[j] > room[j] + 1e-9)) continue;
    const change = way.map((sign, j) => sign * (bound[j] ? room[j] : t * speed[j]));
    const length = lengthOf(change);
    if (length < best.length) best = { length, change };
  }
  return best.change;
}

describe.each(['linf', 'l2'] as const)('ontoPlane in %s', (norm) => {
  it('finds the shortest of all ways, as brute force does', async () => {
    const random = randomStream(1, norm);
    const rows = 60;
    const x = Array.from({ length: rows }, () => [...random.uniforms(SIZE)]);
    const w = Array.from({ length: rows }, () => [...random.uniforms(SIZE, -1, 1)]);
    w[0][2] = 0;
    // From the nearest planes to those beyond every corner.
    const need = Array.from({ length: rows }, (_, i) => (i % 2 ? 1 : -1) * 2.2 * random.uniform());
    const shape: [number, number, number, number] = [rows, 1, 2, 3];
    const points = tf.tensor4d(x.flat(), shape);
    const plane = { normal: tf.tensor4d(w.flat(), shape), need: tf.tensor1d(need) };
    const changes = await expectNoLeak(() => tf.tidy(() => ontoPlane(norm, points, plane, [0, 1])), 1);
    const found = changes.reshape<tf.Tensor2D>([rows, SIZE]).arraySync();
    let corners = 0;
    found.forEach((change, i) => {
      expect(change).toBeAllclose(bruteForce(norm, x[i], w[i], need[i]), 1e-5);
      const gained = change.reduce((sum, d, j) => sum + d * w[i][j], 0);
      if (Math.abs(gained - need[i]) > 1e-5) corners++;
    });
    expect(corners).toBeGreaterThan(0);
    expect(corners).toBeLessThan(rows / 2);
    tf.dispose([points, plane, changes]);
  });

  it('stays where it is if it is on the plane, or if there is none', () => {
    const points = tf.fill<tf.Rank.R4>([2, 1, 2, 1], 0.5);
    const normal = tf.tensor4d([1, 2, 0, 0], [2, 1, 2, 1]);
    const changes = ontoPlane(norm, points, { normal, need: tf.tensor1d([0, 1]) }, [0, 1]);
    expect([...changes.dataSync()].map(Math.abs)).toEqual([0, 0, 0, 0]);
  });
});
