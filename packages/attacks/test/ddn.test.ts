import * as tf from '@tensorflow/tfjs';
import { randomStream } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { ddn } from '../src/index.js';
import { argMax, logitsOf, middleImages, openLinear } from './_closest.js';
import { labelsOf } from './_fixtures.js';

useEngine('cpu');

const model = openLinear(3);

/** Algorithm 1 in plain loops, for one image. */
function literal(x0: number[], steps: number, gamma: number): number[] {
  const y = argMax(logitsOf(model, x0)[0]);
  const norm = (v: number[]) => Math.hypot(...v);
  let best = x0;
  let delta = x0.map(() => 0);
  let radius = 1;
  for (let k = 0; k < steps; k++) {
    const x = x0.map((v, j) => v + delta[j]);
    const z = logitsOf(model, x)[0];
    const fooled = argMax(z) !== y;
    if (fooled && (best === x0 || norm(delta) < norm(best.map((v, j) => v - x0[j])))) best = x;
    const total = z.reduce((sum, v) => sum + Math.exp(v), 0);
    const g = model.weights.map((row) =>
      row.reduce((sum, w, c) => sum + w * (Math.exp(z[c]) / total - Number(c === y)), 0),
    );
    const alpha = 0.01 + (0.99 / 2) * (1 + Math.cos((Math.PI * k) / steps));
    const raw = delta.map((v, j) => v + (alpha * g[j]) / norm(g));
    radius *= fooled ? 1 - gamma : 1 + gamma;
    delta = raw.map((v, j) => Math.min(1, Math.max(0, x0[j] + (radius * v) / norm(raw))) - x0[j]);
  }
  return best;
}

describe('ddn', () => {
  it.each([
    [12, 0.05],
    [25, 0.2],
  ])('takes the steps of algorithm 1 (%d steps, γ = %d)', (steps, gamma) => {
    const images = middleImages(4);
    const rows = images.reshape<tf.Tensor2D>([4, 24]).arraySync();
    const labels = labelsOf(...rows.map((row) => argMax(logitsOf(model, row)[0])));
    const { adversarial, succeeded } = ddn({ steps, gamma }).minimize(model.classifier, images, labels, {
      random: randomStream(1),
    });
    const found = adversarial.reshape<tf.Tensor2D>([4, 24]).arraySync();
    expect([...succeeded]).toEqual([1, 1, 1, 1]);
    rows.forEach((row, i) => expect(found[i]).toBeAllclose(literal(row, steps, gamma), 1e-4));
    tf.dispose([images, labels, adversarial]);
  });
});
