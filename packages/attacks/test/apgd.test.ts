import * as tf from '@tensorflow/tfjs';
import { randomStream, type Attack, type Classifier } from '@weightmap/core';
import { linearClassifier, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { checkpoints, toBeHalved } from '../src/ascent/_halving-rule.js';
import { normals, onSurface } from '../src/harness/_starts.js';
import {
  apgdCe,
  apgdCeL1,
  apgdCeL2,
  apgdDlr,
  apgdDlrL1,
  apgdDlrL2,
  apgdMargin,
  apgdT,
  apgdTL1,
  apgdTL2,
} from '../src/index.js';
import { counted, labelsOf, randomClasses, randomImages } from './_fixtures.js';
import { argMax, ceLoss, ceSlope, clip, inL1BallAndBox, plainModel, rowsOf } from './_plain.js';

useEngine('cpu');

/** In L2 and L1 the steps end so near an optimum that rounding decides whether the loss rose: fewer of them. */
const STEPS = { linf: 40, l2: 20, l1: 20 };

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
  margin(z: number[], label: number) {
    const best = argMax(z.map((value, k) => (k === label ? -Infinity : value)));
    return { value: ahead(z, label), slope: z.map((_, k) => Number(k === best) - Number(k === label)) };
  },
  ce: (z: number[], label: number) => ({ value: ceLoss(z, label), slope: ceSlope(z, label) }),
  dlr,
};

type Task = { label: number; epsilon: number; loss: keyof typeof lossOf; norm: 'linf' | 'l2' | 'l1' };

const judgedAt =
  ({ logits, slope }: ReturnType<typeof bent>, { label, loss }: Task) =>
  (x: number[]) => {
    const z = logits(x);
    const { value, slope: outer } = lossOf[loss](z, label);
    return { value, gradient: slope(x, outer), fooled: argMax(z) !== label };
  };

/** Algorithm 1 of Croce & Hein for one image, in plain loops. */
function literal(model: ReturnType<typeof bent>, x0: number[], start: number[], task: Task) {
  const { epsilon, norm } = task;
  const steps = STEPS[norm];
  const inBall = (x: number[]) => {
    const away = x.map((v, j) => v - x0[j]);
    if (norm === 'linf') return away.map((v) => clip(v, -epsilon, epsilon));
    return away.map((v) => v * Math.min(1, epsilon / Math.hypot(...away)));
  };
  const project = (x: number[]) => inBall(x).map((v, j) => clip(x0[j] + v, 0, 1));
  const unit = (g: number[]) => g.map((v) => (norm === 'linf' ? Math.sign(v) : v / Math.hypot(...g)));
  const at = judgedAt(model, task);
  const due = [0.22, 0.41, 0.57, 0.7, 0.8, 0.87, 0.93, 0.99].map((p) => Math.ceil(p * steps - 1e-9));
  let x = project(start);
  let before = x;
  let here = at(x);
  let best = { x, ...here };
  let [eta, rises, last] = [2 * epsilon, 0, 0];
  let [checked, halvedBefore, halvings] = [here.value, false, 0];
  const visited = [{ x, ...here }];
  for (let k = 1; k <= steps; k++) {
    const alpha = k === 1 ? 1 : 0.75;
    const way = unit(here.gradient);
    const z = project(x.map((v, j) => v + eta * way[j]));
    const next = project(x.map((v, j) => v + alpha * (z[j] - v) + (1 - alpha) * (v - before[j])));
    [before, x] = [x, next];
    const there = at(x);
    if (there.value > here.value) rises++;
    here = there;
    visited.push({ x, ...here });
    if (here.value > best.value) best = { x, ...here };
    if (due.includes(k) && k < steps) {
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

/** The same in L1, with its sparse steps. */
function literalL1(model: ReturnType<typeof bent>, x0: number[], start: number[], task: Task) {
  const { epsilon } = task;
  const at = judgedAt(model, task);
  const project = (x: number[]) => inL1BallAndBox(x, x0, epsilon, [0, 1]);
  let x = project(start);
  let here = at(x);
  let best = { x, ...here };
  const visited = [best];
  let [eta, steepest, changed, halvings] = [epsilon, Math.ceil(0.2 * x0.length), x0.length, 0];
  for (let k = 1; k <= STEPS.l1; k++) {
    const sizes = here.gradient.map(Math.abs);
    const least = [...sizes].sort((a, b) => b - a)[steepest - 1];
    const signs = here.gradient.map((g, j) => (sizes[j] >= least ? Math.sign(g) : 0));
    const count = signs.filter((s) => s !== 0).length;
    x = project(x.map((v, j) => v + (eta * signs[j]) / count));
    here = at(x);
    visited.push({ x, ...here });
    if (here.value > best.value) best = { x, ...here };
    // 4 % of 20 steps are one at least.
    if (k === STEPS.l1) break;
    const now = best.x.filter((v, j) => v !== x0[j]).length;
    if (now < 0.95 * changed) {
      eta = epsilon;
      x = best.x;
      here = best;
    } else {
      eta = Math.max(eta / 1.5, epsilon / 10);
      halvings++;
    }
    [steepest, changed] = [Math.max(1, Math.ceil(now / 1.5)), now];
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
  { loss: 'ce', norm: 'linf', create: apgdCe },
  { loss: 'dlr', norm: 'linf', create: apgdDlr },
  { loss: 'margin', norm: 'linf', create: apgdMargin },
  { loss: 'ce', norm: 'l2', create: apgdCeL2 },
  { loss: 'dlr', norm: 'l2', create: apgdDlrL2 },
  { loss: 'ce', norm: 'l1', create: apgdCeL1 },
  { loss: 'dlr', norm: 'l1', create: apgdDlrL1 },
] as const)('apgd-$loss in $norm', ({ loss, norm, create }) => {
  /** Both ways' results for 60 images; in a few a slope that is nearly 0 has another sign in float32. */
  function bothWays(lead: number, radius: number) {
    const epsilon = norm === 'linf' ? radius : 2 * radius;
    const model = bent(lead);
    const count = 60;
    const x = randomImages([count, 2, 3, 1], [0, 1]);
    const images = rowsOf(x);
    const labels = images.map((image) => argMax(model.logits(image)));
    const [{ adversarial, misclassified }] = create({ steps: STEPS[norm] }).run(
      model.classifier,
      x,
      labelsOf(...labels),
      {
        strengths: [epsilon],
        random: randomStream(2),
      },
    );
    const draw = norm === 'l1' ? normals : onSurface[norm];
    const noise = draw(randomStream(randomStream(2).seed(), 'strength'), count, 6);
    const results = rowsOf(adversarial);
    const expected = images.map((x0, i) => {
      const start = x0.map((v, j) => v + (norm === 'l1' ? 1 : epsilon) * noise[6 * i + j]);
      const walk = norm === 'l1' ? literalL1 : literal;
      return walk(model, x0, start, { label: labels[i], epsilon, loss, norm });
    });
    const equal = expected.filter(({ result }, i) =>
      result.every((v, j) => Math.abs(v - results[i][j]) < 1e-4),
    );
    return { misclassified, expected, share: equal.length / count };
  }

  it('is the algorithm, image by image, where all resist', () => {
    const { misclassified, expected, share } = bothWays(30, 0.3);
    expect(Math.max(...misclassified)).toBe(0);
    expect(expected.filter(({ halvings }) => halvings > 2).length).toBeGreaterThan(10);
    expect(share).toBeGreaterThan(norm === 'l1' ? 0.9 : 0.95);
  });

  it('keeps the first image that fools, where one does', () => {
    const { misclassified, share } = bothWays(0, 0.05);
    expect(new Set(misclassified).size).toBe(2);
    expect(share).toBeGreaterThan(norm === 'l1' ? 0.9 : 0.95);
  });
});

describe.each([
  { id: 'apgd-ce', norm: 'linf', create: apgdCe },
  { id: 'apgd-dlr', norm: 'linf', create: apgdDlr },
  { id: 'apgd-margin', norm: 'linf', create: apgdMargin },
  { id: 'apgd-t', norm: 'linf', create: apgdT },
  { id: 'apgd-ce', norm: 'l2', create: apgdCeL2 },
  { id: 'apgd-dlr', norm: 'l2', create: apgdDlrL2 },
  { id: 'apgd-t', norm: 'l2', create: apgdTL2 },
  { id: 'apgd-ce', norm: 'l1', create: apgdCeL1 },
  { id: 'apgd-dlr', norm: 'l1', create: apgdDlrL1 },
  { id: 'apgd-t', norm: 'l1', create: apgdTL1 },
] as const)('$id in $norm', ({ id, norm, create }) => {
  const weights = Array.from({ length: 6 }, (_, i) =>
    [0, 1, 2, 3, 4].map((k) => Math.sin(1 + 3 * i + 7 * k)),
  );
  const bias = [0.4, 0, -0.1, 0.2, -0.3];
  const pixels = [0.5, 0.45, 0.55, 0.5, 0.4, 0.6];
  const logitsAt = (x: number[]) => bias.map((b, k) => x.reduce((sum, v, i) => sum + v * weights[i][k], b));
  const z = logitsAt(pixels);
  const label = argMax(z);
  const others = [0, 1, 2, 3, 4].filter((k) => k !== label);
  /** In L1 the steepest components go first, each as far as its bound. */
  const distanceTo = (k: number) => {
    const steep = weights.map((row) => row[k] - row[label]);
    const lead = z[label] - z[k];
    if (norm === 'linf') return lead / steep.reduce((sum, w) => sum + Math.abs(w), 0);
    if (norm === 'l2') return lead / Math.hypot(...steep);
    const rooms = steep.map((w, j) => ({ w: Math.abs(w), room: w > 0 ? 1 - pixels[j] : pixels[j] }));
    let [left, length] = [lead, 0];
    for (const { w, room } of rooms.sort((a, b) => b.w - a.w)) {
      const change = Math.min(room, left / w);
      [left, length] = [left - change * w, length + change];
    }
    return left > 1e-9 ? Infinity : length;
  };
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
    // No clipping on the way; in L1 the distance takes it into account.
    expect(boundary).toBeLessThan({ linf: 0.4, l2: 0.45, l1: 2 }[norm]);
    // So is, but for L∞, the ratio.
    const victim =
      id === 'apgd-ce' || id === 'apgd-margin' || (id === 'apgd-dlr' && norm !== 'linf') ? duel : linear;
    const [steps, near] = norm !== 'l1' ? [25, 1.01] : [id === 'apgd-t' ? 60 : 150, 1.1];
    const outcomes = run(create({ steps }), [0.99 * boundary, near * boundary], {
      victim,
    });
    expect(outcomes.map(({ misclassified }) => misclassified[0])).toEqual([0, 1]);
  });

  it('needs no step after it has fooled', () => {
    const { classifier, passed } = counted(linear);
    run(create(), [norm === 'linf' ? 0.5 : 2], { victim: classifier });
    expect(passed.backwards).toBeLessThan(12);
  });

  it('reaches a target, and counts nothing else as success', () => {
    // A class that wins in some corner of the box, and not the one that is nearest.
    const corners = Array.from({ length: 64 }, (_, c) =>
      argMax(logitsAt(pixels.map((_, i) => (c >> i) & 1))),
    );
    const target = others.find((k) => k !== nearest && corners.filter((winner) => winner === k).length > 4)!;
    const [weak, strong] = run(
      create({ steps: 50 }),
      [0.95 * distanceTo(target), norm === 'linf' ? 0.9 : 3],
      {
        target,
      },
    );
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
    // With the look whether there are logits.
    expect(passed.forwards - before).toBe(1 + 2 + 10 * 7 + 2);
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
      /needs 4 classes or more, and the classifier has 3/,
    );
    expect(() => apgdDlr().run(randomClasses(2), x, labelsOf(0), options)).toThrow(
      /needs 3 classes or more, and the classifier has 2/,
    );
  });
});
