import * as tf from '@tensorflow/tfjs';
import { randomStream } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { StepSizes } from '../src/black-box/_step-sizes.js';
import { boundary } from '../src/index.js';
import { argMax, halves, logitsOf, middleImages } from './_closest.js';
import { labelsOf } from './_fixtures.js';

useEngine('cpu');

const model = halves();
const norm = (v: number[]) => Math.hypot(...v);
const clip = (v: number[]) => v.map((value) => Math.min(1, Math.max(0, value)));

/** The walk in plain loops, for one image, before any step size is adapted. */
function literal(x0: number[], steps: number, [sigma, epsilon]: [number, number]) {
  const stream = randomStream(3);
  const y = argMax(logitsOf(model, x0)[0]);
  const fooled = (x: number[]) => argMax(logitsOf(model, x)[0]) !== y;
  let x = x0;
  while (!fooled(x)) x = [...stream.uniforms(24)];
  for (let i = 0; i < steps; i++) {
    const noise = [...stream.normals(24)];
    const way = x0.map((v, j) => v - x[j]);
    const distance = norm(way);
    const along = noise.reduce((sum, v, j) => sum + (v * way[j]) / distance, 0);
    const across = noise.map((v, j) => v - (along * way[j]) / distance);
    const around = clip(
      x0.map((v, j) => {
        const eta = (across[j] / norm(across)) * sigma * distance;
        return v + (eta - way[j]) / Math.sqrt(1 + sigma ** 2);
      }),
    );
    const rest = x0.map((v, j) => v - around[j]);
    const share = Math.max(0, norm(rest) - (1 - epsilon) * distance) / norm(rest);
    const tried = clip(around.map((v, j) => v + share * rest[j]));
    if (fooled(tried) && norm(tried.map((v, j) => v - x0[j])) < distance) x = tried;
  }
  return x;
}

describe('boundary', () => {
  it('walks as the formulas do', () => {
    const image = middleImages(1);
    const row = [...image.dataSync()];
    const labels = labelsOf(argMax(logitsOf(model, row)[0]));
    const attack = boundary({ steps: 60, sphericalStep: 0.1, sourceStep: 0.05 });
    const { adversarial, cost } = attack.minimize(model.classifier, image, labels, {
      random: randomStream(3),
    });
    expect(adversarial).toBeAllclose(literal(row, 60, [0.1, 0.05]), 1e-4);
    expect(cost.backwards).toBe(0);
    tf.dispose([image, labels, adversarial]);
  });
});

describe('StepSizes', () => {
  const grown = (around: number, whole: number, counts: number): number[] => {
    const sizes = new StepSizes(1, { spherical: 1, source: 1, adaptation: 1.5 });
    // Spread evenly over the counts.
    const hit = (share: number, i: number) =>
      Math.floor((i + 1) * share + 1e-9) - Math.floor(i * share + 1e-9);
    for (let i = 0; i < counts; i++) sizes.count([hit(around, i)], [hit(whole, i)]);
    const tensors = sizes.tensors();
    const values = [tensors.spherical.dataSync()[0], tensors.source.dataSync()[0]];
    tf.dispose([tensors.spherical, tensors.source]);
    return values;
  };

  it('grow where many fool, shrink where few do, stay in between', () => {
    expect(grown(1, 0.2, 99)).toEqual([1, 1]);
    expect(grown(1, 0.2, 100)).toEqual([1.5, 1.5]);
    expect(grown(1, 0.2, 199)).toEqual([1.5, 1.5]);
    expect(grown(0.4, 0.2, 100)).toEqual([1, 1]);
    expect(grown(0, 0.2, 100)[0]).toBeCloseTo(1 / 1.5, 6);
    expect(grown(0.4, 1, 29)).toEqual([1, 1]);
    expect(grown(0.4, 1, 30)).toEqual([1, 1.5]);
    expect(grown(0.4, 0, 30)[1]).toBeCloseTo(1 / 1.5, 6);
  });
});
