import * as tf from '@tensorflow/tfjs';
import { randomStream } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { jsma } from '../src/index.js';
import { argMax, logitsOf, middleImages, openLinear } from './_closest.js';
import { labelsOf } from './_fixtures.js';

useEngine('cpu');

const model = openLinear(4);

/** Algorithm 2 in plain loops over all pairs, on the Jacobian of the softmax. */
function literal(x0: number[], target: number, theta: number, most = Infinity): number[] {
  const x = [...x0];
  for (let turn = 0; turn < most; turn++) {
    const z = logitsOf(model, x)[0];
    if (argMax(z) === target) break;
    const total = z.reduce((sum, v) => sum + Math.exp(v), 0);
    const p = z.map((v) => Math.exp(v) / total);
    const jacobian = model.weights.map((row) => {
      const mean = row.reduce((sum, w, k) => sum + p[k] * w, 0);
      return row.map((w, k) => p[k] * (w - mean));
    });
    let best = { saliency: 0, pair: [] as number[] };
    for (let a = 0; a < 24; a++)
      for (let b = a + 1; b < 24; b++) {
        if ([a, b].some((j) => (theta > 0 ? x[j] >= 1 : x[j] <= 0))) continue;
        const others = (j: number) => jacobian[j].reduce((sum, d, k) => sum + (k === target ? 0 : d), 0);
        const alpha = Math.sign(theta) * (jacobian[a][target] + jacobian[b][target]);
        const beta = Math.sign(theta) * (others(a) + others(b));
        if (alpha > 0 && beta < 0 && -alpha * beta > best.saliency)
          best = { saliency: -alpha * beta, pair: [a, b] };
      }
    if (best.pair.length === 0) break;
    for (const j of best.pair) x[j] = Math.min(1, Math.max(0, x[j] + theta));
  }
  return x;
}

function attacked(attack: ReturnType<typeof jsma>, aimsOf: ((z: number[]) => number) | null) {
  const images = middleImages(4);
  const rows = images.reshape<tf.Tensor2D>([4, 24]).arraySync();
  const z = logitsOf(model, images.dataSync());
  const aims = z.map((logits) =>
    aimsOf ? aimsOf(logits) : logits.indexOf([...logits].sort((a, b) => b - a)[1]),
  );
  const [labels, targets] = [labelsOf(...z.map(argMax)), labelsOf(...aims)];
  const outcome = attack.minimize(model.classifier, images, labels, {
    random: randomStream(1),
    ...(aimsOf && { targets }),
  });
  const found = outcome.adversarial.reshape<tf.Tensor2D>([4, 24]).arraySync();
  tf.dispose([images, labels, targets, outcome.adversarial]);
  return { ...outcome, rows, found, aims };
}

const unlikely = (z: number[]) => z.indexOf([...z].sort((a, b) => b - a)[2]);

describe('jsma', () => {
  it.each([1, -1, 0.2])('changes the pairs of largest saliency (θ = %d)', (theta) => {
    const { rows, found, aims, succeeded } = attacked(jsma({ theta }), unlikely);
    expect([...succeeded]).toContain(1);
    rows.forEach((row, i) => {
      if (succeeded[i]) expect(found[i]).toBeAllclose(literal(row, aims[i], theta), 1e-5);
    });
  });

  it('aims at the runner-up without a target', () => {
    const { rows, found, aims, distance, predicted } = attacked(jsma(), null);
    rows.forEach((row, i) => {
      expect(predicted[i]).toBe(aims[i]);
      expect(found[i]).toBeAllclose(literal(row, aims[i], 1), 1e-5);
      expect(distance[i]).toBeGreaterThan(0);
      expect(distance[i]).toBeLessThan(12);
    });
  });

  it('changes the fewest components that will do, in pairs, where all have the same room', () => {
    const two = openLinear(2);
    const own = argMax(logitsOf(two, new Array<number>(24).fill(0))[0]);
    const image = tf.zeros<tf.Rank.R4>([1, 4, 3, 2]);
    const { adversarial, succeeded } = jsma().minimize(two.classifier, image, labelsOf(own), {
      random: randomStream(1),
    });
    expect([...succeeded]).toEqual([1]);
    // All sets of components, from the smallest: which is the first to change the class?
    const gains = two.weights.map((row) => row[1 - own] - row[own]);
    const enough = (count: number, from: number, lead: number): boolean =>
      count === 0 ? lead < 0 : gains.some((gain, j) => j >= from && enough(count - 1, j + 1, lead - gain));
    let fewest = 1;
    while (!enough(fewest, 0, two.bias[own] - two.bias[1 - own])) fewest++;
    const changed = adversarial.dataSync().filter((value) => value > 0);
    expect(changed.length).toBe(2 * Math.ceil(fewest / 2));
    tf.dispose([image, adversarial]);
  });

  it('changes no more components than γ allows', () => {
    const one = attacked(jsma({ gamma: 2 / 24 }), (z) => z.indexOf(Math.min(...z)));
    expect(one.cost.backwards).toBe(4);
    one.rows.forEach((row, i) => {
      const reached = argMax(logitsOf(model, literal(row, one.aims[i], 1, 1))[0]) === one.aims[i];
      expect(one.succeeded[i]).toBe(Number(reached));
    });
    expect([...one.succeeded]).toContain(0);
  });
});
