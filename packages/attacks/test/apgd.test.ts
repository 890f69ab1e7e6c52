import * as tf from '@tensorflow/tfjs';
import { randomStream, type Attack, type Classifier } from '@weightmap/core';
import { linearClassifier, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { checkpoints, toBeHalved } from '../src/_auto-ascent.js';
import { onLinfBall } from '../src/_starts.js';
import { apgdCe, apgdDlr, apgdT } from '../src/index.js';
import { counted, labelsOf, randomClasses, randomImages } from './_fixtures.js';
import { argMax, ceLoss, ceSlope, clip, plainModel, rowsOf } from './_plain.js';

useEngine();

const STEPS = 40;

/** A hidden layer of sines: the loss has bends, so that steps fail and get halved. Class 0 is `lead` ahead. */
function bent(lead: number) {
  const random = randomStream(5, 'bent');
  const w = Array.from({ length: 6 }, () => [...random.uniforms(8, -9, 9)]);
  const v = Array.from({ length: 8 }, () => [...random.uniforms(4, -1, 1)]);
  const bias = [lead, 0, 0, 0];
  const classifier: Classifier = {
    ...{ classes: 4, inputShape: [2, 3, 1], bounds: [0, 1] },
    logits: (x) =>
      tf.tidy(() => {
        const h = tf.sin(x.reshape<tf.Tensor2D>([-1, 6]).matMul(tf.tensor2d(w)));
        return tf.matMul(h, tf.tensor2d(v)).add<tf.Tensor2D>(bias);
      }),
  };
  const inner = (x: number[]) => w[0].map((_, h) => x.reduce((sum, value, i) => sum + value * w[i][h], 0));
  const logits = (x: number[]) => {
    const h = inner(x).map(Math.sin);
    return bias.map((b, k) => h.reduce((sum, value, j) => sum + value * v[j][k], b));
  };
  const slope = (x: number[], weights: number[]) => {
    const back = inner(x).map(
      (value, j) => Math.cos(value) * weights.reduce((sum, c, k) => sum + c * v[j][k], 0),
    );
    return w.map((row) => row.reduce((sum, value, j) => sum + value * back[j], 0));
  };
  return { classifier, logits, slope };
}

const ahead = (z: number[], label: number) => Math.max(...z.filter((_, k) => k !== label)) - z[label];

/** DLR, and its gradient by the logits. */
function dlr(z: number[], label: number) {
  const order = z.map((_, k) => k).sort((a, b) => z[b] - z[a]);
  const width = z[order[0]] - z[order[2]] + 1e-12;
  const best = order.find((k) => k !== label)!;
  const value = ahead(z, label) / width;
  const slope = z.map(
    (_, k) =>
      (Number(k === best) - Number(k === label)) / width -
      (value / width) * (Number(k === order[0]) - Number(k === order[2])),
  );
  return { value, slope };
}

const lossOf = {
  ce: (z: number[], label: number) => ({ value: ceLoss(z, label), slope: ceSlope(z, label) }),
  dlr,
};

/** Algorithm 1 of Croce & Hein for one image, in plain loops. */
function literal(
  { logits, slope }: ReturnType<typeof bent>,
  x0: number[],
  start: number[],
  { label, epsilon, loss }: { label: number; epsilon: number; loss: keyof typeof lossOf },
) {
  const project = (x: number[]) => x.map((v, j) => clip(clip(v, x0[j] - epsilon, x0[j] + epsilon), 0, 1));
  const at = (x: number[]) => {
    const z = logits(x);
    const { value, slope: outer } = lossOf[loss](z, label);
    return { value, gradient: slope(x, outer), fooled: argMax(z) !== label };
  };
  const due = [0.22, 0.41, 0.57, 0.7, 0.8, 0.87, 0.93, 0.99].map((p) => Math.ceil(p * STEPS - 1e-9));
  let x = project(start);
  let before = x;
  let here = at(x);
  let best = { x, ...here };
  let [eta, rises, last] = [2 * epsilon, 0, 0];
  let [checked, halvedBefore, halvings] = [here.value, false, 0];
  const visited = [{ x, ...here }];
  for (let k = 1; k <= STEPS; k++) {
    const alpha = k === 1 ? 1 : 0.75;
    const z = project(x.map((v, j) => v + eta * Math.sign(here.gradient[j])));
    const next = project(x.map((v, j) => v + alpha * (z[j] - v) + (1 - alpha) * (v - before[j])));
    [before, x] = [x, next];
    const there = at(x);
    if (there.value > here.value) rises++;
    here = there;
    visited.push({ x, ...here });
    if (here.value > best.value) best = { x, ...here };
    if (due.includes(k) && k < STEPS) {
      const halve = rises < 0.75 * (k - last) || (!halvedBefore && checked === best.value);
      if (halve) {
        eta /= 2;
        halvings++;
        x = best.x;
        here = best;
      }
      [checked, halvedBefore, rises, last] = [best.value, halve, 0, k];
    }
  }
  return { result: visited.find(({ fooled }) => fooled)?.x ?? best.x, halvings };
}

describe('the checkpoints', () => {
  it('are those of the paper', () => {
    expect(checkpoints(100)).toEqual([22, 41, 57, 70, 80, 87, 93, 99]);
    expect(checkpoints(1000)).toEqual([220, 410, 570, 700, 800, 870, 930, 990]);
    expect(checkpoints(10)).toEqual([3, 5, 6, 7, 8, 9, 10]);
  });
});

describe('a step', () => {
  it.each([
    {
      why: 'of 16 steps 11 rose: fewer than three quarters',
      rises: 11,
      best: 2,
      checked: 1,
      halved: 0,
      is: 1,
    },
    { why: 'of 16 steps 12 rose', rises: 12, best: 2, checked: 1, halved: 0, is: 0 },
    { why: 'most rose, but no higher than before', rises: 15, best: 1, checked: 1, halved: 0, is: 1 },
    { why: 'the same, but it has just been halved', rises: 15, best: 1, checked: 1, halved: 1, is: 0 },
    {
      why: 'it has just been halved, and that was not enough',
      rises: 3,
      best: 2,
      checked: 1,
      halved: 1,
      is: 1,
    },
  ])('is halved or not: $why', ({ rises, best, checked, halved, is }) => {
    const [r, b, c, h] = [rises, best, checked, halved].map((value) => tf.tensor1d([value]));
    const state = { rises: r, bestLoss: b, checkedLoss: c, halved: h, interval: tf.scalar(16) };
    expect([...toBeHalved(state).dataSync()]).toEqual([is]);
  });
});

describe.each([
  { loss: 'ce', create: apgdCe },
  { loss: 'dlr', create: apgdDlr },
] as const)('apgd-$loss', ({ loss, create }) => {
  /** Both ways' results for 60 images; in a few a slope that is nearly 0 has another sign in float32. */
  function bothWays(lead: number, epsilon: number) {
    const model = bent(lead);
    const count = 60;
    const x = randomImages([count, 2, 3, 1], [0, 1]);
    const images = rowsOf(x);
    const labels = images.map((image) => argMax(model.logits(image)));
    const [{ adversarial, misclassified }] = create({ steps: STEPS }).run(
      model.classifier,
      x,
      labelsOf(...labels),
      {
        strengths: [epsilon],
        random: randomStream(2),
      },
    );
    const noise = onLinfBall(randomStream(randomStream(2).seed(), 'strength'), count, 6);
    const results = rowsOf(adversarial);
    const expected = images.map((x0, i) => {
      const start = x0.map((v, j) => v + epsilon * noise[6 * i + j]);
      return literal(model, x0, start, { label: labels[i], epsilon, loss });
    });
    const equal = expected.filter(({ result }, i) =>
      result.every((v, j) => Math.abs(v - results[i][j]) < 1e-4),
    );
    return { misclassified, expected, share: equal.length / count };
  }

  it('is algorithm 1, image by image, where all resist', () => {
    const { misclassified, expected, share } = bothWays(30, 0.3);
    expect(Math.max(...misclassified)).toBe(0);
    expect(expected.filter(({ halvings }) => halvings > 2).length).toBeGreaterThan(10);
    expect(share).toBeGreaterThan(0.95);
  });

  it('keeps the first image that fools, where one does', () => {
    const { misclassified, share } = bothWays(0, 0.05);
    expect(new Set(misclassified).size).toBe(2);
    expect(share).toBeGreaterThan(0.95);
  });
});

describe.each([
  { id: 'apgd-ce', create: apgdCe },
  { id: 'apgd-dlr', create: apgdDlr },
  { id: 'apgd-t', create: apgdT },
] as const)('$id', ({ id, create }) => {
  const weights = Array.from({ length: 6 }, (_, i) =>
    [0, 1, 2, 3, 4].map((k) => Math.sin(1 + 3 * i + 7 * k)),
  );
  const bias = [0.4, 0, -0.1, 0.2, -0.3];
  const pixels = [0.5, 0.45, 0.55, 0.5, 0.4, 0.6];
  const logitsAt = (x: number[]) => bias.map((b, k) => x.reduce((sum, v, i) => sum + v * weights[i][k], b));
  const z = logitsAt(pixels);
  const label = argMax(z);
  const others = [0, 1, 2, 3, 4].filter((k) => k !== label);
  const distanceTo = (k: number) =>
    (z[label] - z[k]) / weights.reduce((sum, row) => sum + Math.abs(row[k] - row[label]), 0);
  const nearest = others.reduce((a, b) => (distanceTo(a) < distanceTo(b) ? a : b));
  const linear = linearClassifier({ inputShape: [2, 3, 1], weights, bias });
  /** The cross-entropy is drawn to all classes at once: two that are alone let it find the nearest. */
  const duel = linearClassifier({
    inputShape: [2, 3, 1],
    weights,
    bias: bias.map((b, k) => (k === label || k === nearest ? b : b - 20)),
  });
  const run = (
    attack: Attack,
    strengths: number[],
    { target, victim = linear }: { target?: number; victim?: Classifier } = {},
  ) =>
    attack.run(victim, tf.tensor4d(pixels, [1, 2, 3, 1]), labelsOf(label), {
      strengths,
      random: randomStream(1),
      ...(target !== undefined && { targets: labelsOf(target) }),
    });

  it('reaches the nearest boundary of a linear classifier, and not before', () => {
    const boundary = distanceTo(nearest);
    expect(boundary).toBeLessThan(0.4); // no clipping on the way
    const victim = id === 'apgd-ce' ? duel : linear;
    const outcomes = run(create({ steps: 25 }), [0.99 * boundary, 1.01 * boundary], { victim });
    expect(outcomes.map(({ misclassified }) => misclassified[0])).toEqual([0, 1]);
  });

  it('needs no step after it has fooled', () => {
    const { classifier, passed } = counted(linear);
    run(create(), [0.5], { victim: classifier });
    expect(passed.backwards).toBeLessThan(12);
  });

  it('reaches a target, and counts nothing else as success', () => {
    // A class that wins in some corner of the box, and not the one that is nearest.
    const corners = Array.from({ length: 64 }, (_, c) =>
      argMax(logitsAt(pixels.map((_, i) => (c >> i) & 1))),
    );
    const target = others.find((k) => k !== nearest && corners.filter((winner) => winner === k).length > 4)!;
    const [weak, strong] = run(create({ steps: 25 }), [0.95 * distanceTo(target), 0.9], { target });
    expect(weak.succeeded[0]).toBe(0);
    expect([strong.succeeded[0], strong.predicted[0]]).toEqual([1, target]);
  });
});

describe('apgd-t', () => {
  it('draws towards the runners-up, one after the other, as often as there are restarts', () => {
    const { classifier, passed } = counted(randomClasses(5));
    const x = randomImages([1, 4, 3, 2], [0, 1]);
    const label = tf.tidy(() => classifier.logits(x).argMax<tf.Tensor1D>(1));
    const before = passed.forwards;
    const cost = (attack: Attack) =>
      attack.run(classifier, x, label, { strengths: [1e-4], random: randomStream(1) })[0].cost;
    expect(cost(apgdT({ steps: 6 }))).toEqual({ forwards: 1 + 4 * 7, backwards: 4 * 7 });
    expect(cost(apgdT({ steps: 6, aims: 2, restarts: 3 }))).toEqual({
      forwards: 1 + 6 * 7,
      backwards: 6 * 7,
    });
    expect(passed.forwards - before).toBe(2 + 10 * 7 + 2);
  });

  it('fools where the class in front is out of reach and another is not', () => {
    // One pixel at the top of its range: class 1 is close behind but falls with it, class 2 comes up.
    const classifier = linearClassifier({
      inputShape: [1, 1, 1],
      weights: [[0, 2, -12, -1, 0]],
      bias: [2.05, 0, 10, -4, -4],
    });
    const plain = plainModel(classifier);
    expect(plain.logits([1])).toBeAllclose([2.05, 2, -2, -5, -4]);
    const costs = [0, 1, 2, 3, 4, 5].map((seed) => {
      const [{ predicted, cost }] = apgdT({ steps: 10 }).run(classifier, tf.ones([1, 1, 1, 1]), labelsOf(0), {
        strengths: [0.5],
        random: randomStream(seed),
      });
      expect(predicted[0]).toBe(2);
      return cost.backwards;
    });
    expect(Math.max(...costs)).toBeGreaterThan(11); // the first aim led nowhere, from where it began
  });

  it('is refused for three classes, as the ratio is for two', () => {
    const options = { strengths: [0.1], random: randomStream(1) };
    const x = randomImages([1, 4, 3, 2], [0, 1]);
    expect(() => apgdT().run(randomClasses(3), x, labelsOf(0), options)).toThrow(
      /4 classes or more|3 classes/,
    );
    expect(() => apgdDlr().run(randomClasses(2), x, labelsOf(0), options)).toThrow(/2 classes/);
  });
});
