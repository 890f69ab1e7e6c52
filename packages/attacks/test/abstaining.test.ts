import * as tf from '@tensorflow/tfjs';
import { predictClasses, randomStream, type Attack, type Classifier, type LossName } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { attacks, losses, orthogonalPgd, pgd, selectivePgd, square, type AttackId } from '../src/index.js';
import { inTidy, labelsOf, randomClasses, randomImages } from './_fixtures.js';
import { argMax, clip, plainModel, rowsOf } from './_plain.js';
import { quick } from './_quick.js';

useEngine('cpu');

const ANSWERS = 3;
const LABELS = [2, 0, 1, 1, 0, 2];
const images = () => randomImages([LABELS.length, 4, 3, 2], [0, 1]);
/** Five classes, of which the last two abstain. */
const abstaining: Classifier = { ...randomClasses(5), answers: ANSWERS };

const attacked = (attack: Attack, classifier: Classifier, epsilon: number) =>
  inTidy(() => {
    const options = { strengths: [epsilon], random: randomStream(4, 'abstaining') };
    const [outcome] = attack.run(classifier, images(), labelsOf(...LABELS), options);
    return { ...outcome, adversarial: rowsOf(outcome.adversarial) };
  });

const most = (z: number[], where: (k: number) => boolean) => Math.max(...z.filter((_, k) => where(k)));
const descending = (z: number[]) => [...z].sort((a, b) => b - a);

/** The formulas in plain numbers. */
const literal: Partial<Record<LossName, (z: number[], y: number) => number>> = {
  margin: (z, y) => most(z, (k) => k !== y && k < ANSWERS) - most(z, (k) => k === y || k >= ANSWERS),
  dlr: (z, y) => literal.margin!(z, y) / (descending(z)[0] - descending(z)[2] + 1e-12),
  'answer-margin': (z, y) => most(z, (k) => k !== y && k < ANSWERS) - z[y],
  suspicion: (z) => most(z, (k) => k >= ANSWERS) - most(z, (k) => k < ANSWERS),
};

const LOGITS = [
  [0.2, -1.3, 2.1, 0.4, -0.7],
  [3.5, -1.3, 2.1, 0.4, 4.7],
  [-0.5, -3, -2.5, -0.1, -9],
];

describe.each(Object.keys(literal) as LossName[])('the loss %s with classes that abstain', (name) => {
  it('is the literal formula, with its gradient', async () => {
    const labels = [2, 1, 0];
    const { loss, gradient } = await expectNoLeak(() =>
      tf.tidy(() => {
        const y = tf.tensor1d(labels, 'int32');
        const f = (z: tf.Tensor) => losses[name].of(z as tf.Tensor2D, y, y, ANSWERS);
        const z = tf.tensor2d(LOGITS);
        const gradient = tf.grad((x) => f(x).sum())(z);
        return { loss: [...f(z).dataSync()], gradient: gradient.arraySync() as number[][] };
      }),
    );
    LOGITS.forEach((z, i) => {
      const f = (at: number[]) => literal[name]!(at, labels[i]);
      expect(loss[i]).toBeCloseTo(f(z), 5);
      const slopes = z.map((_, k) => {
        const at = (h: number) => f(z.map((value, j) => (j === k ? value + h : value)));
        return (at(1e-6) - at(-1e-6)) / 2e-6;
      });
      expect(gradient[i]).toBeAllclose(slopes, 1e-4);
    });
  });
});

describe('an attack on a classifier that may abstain', () => {
  // NULL is far ahead of everything, everywhere.
  const never: Classifier = {
    ...abstaining,
    logits: (x) => tf.tidy(() => abstaining.logits(x).add(tf.tensor1d([0, 0, 0, 0, 100]))),
  };

  it.each(
    (Object.keys(attacks) as AttackId[]).filter(
      (id) => !['boundary', 'hop-skip-jump', 'substitute'].includes(id),
    ),
  )('%s does not succeed by making it abstain', (id) => {
    const attack = (quick[id] ?? attacks[id])();
    const { succeeded, misclassified, predicted } = attacked(attack, never, 0.3);
    expect([...predicted]).toEqual(LABELS.map(() => 4));
    expect([...succeeded, ...misclassified]).toEqual(new Array(2 * LABELS.length).fill(0));
  });

  it('succeeds with a wrong answer alone', () => {
    for (const attack of [pgd({ loss: 'margin' }), pgd({ loss: 'dlr' }), square({ queries: 100 })]) {
      const { predicted, misclassified } = attacked(attack, abstaining, 0.4);
      const wrong = [...predicted].map((guess, i) => Number(guess !== LABELS[i] && guess < ANSWERS));
      expect([...misclassified]).toEqual(wrong);
      expect(wrong.some(Boolean)).toBe(true);
    }
  });

  it('takes answers alone as labels and targets', () => {
    const x = images();
    const labels = labelsOf(2, 0, 1, 1, 0, 3);
    expect(() =>
      pgd().run(abstaining, x, labels, { strengths: [0.1], random: randomStream(1, 'x') }),
    ).toThrow(/Label 5 of the batch is 3/);
    tf.dispose([x, labels]);
  });
});

describe('ascent that knows the detector', () => {
  /** Suspicious wherever a linear function of the image is large, whose slope has much of the classes' own in it. */
  const detected: Classifier = {
    ...randomClasses(5),
    answers: 4,
  };
  const margin = (z: number[], y: number) => most(z, (k) => k !== y && k < 4) - z[y];
  const suspicion = (z: number[]) => z[4] - most(z, (k) => k < 4);

  /** The steps in plain loops, and the best image among them. */
  function plainly(kind: 'selective' | 'orthogonal', epsilon: number, steps: number, a: number) {
    const plain = plainModel(detected);
    const dot = (u: number[], v: number[]) => u.reduce((sum, value, j) => sum + value * v[j], 0);
    const score = (x: number[], y: number) => {
      const z = plain.logits(x);
      return margin(z, y) > 0 ? -suspicion(z) + (suspicion(z) < 0 ? 1e9 : 0) : margin(z, y) - 1e6;
    };
    return rowsOf(images()).map((x0, i) => {
      let x = x0;
      let best = x0;
      for (let k = 0; k <= steps; k++) {
        if (score(x, LABELS[i]) > score(best, LABELS[i])) best = x;
        const z = plain.logits(x);
        const one = (k: number) => [0, 1, 2, 3, 4].map((j) => Number(j === k));
        const wrongs = z.map((value, k) => (k !== LABELS[i] && k < 4 ? value : -Infinity));
        const differ = (u: number[], v: number[]) => plain.slope(u.map((value, j) => value - v[j]));
        const up = differ(one(argMax(wrongs)), one(LABELS[i]));
        const down = differ(one(argMax(z.slice(0, 4))), one(4));
        const [g, h] = margin(z, LABELS[i]) < 0.05 ? [up, down] : [down, up];
        const way = kind === 'selective' ? g : g.map((value, j) => value - (dot(g, h) / dot(h, h)) * h[j]);
        x = x.map((value, j) =>
          clip(clip(value + a * Math.sign(way[j]), x0[j] - epsilon, x0[j] + epsilon), 0, 1),
        );
      }
      return best;
    });
  }

  it.each(['selective', 'orthogonal'] as const)('is the literal steps (%s)', (kind) => {
    const options = { steps: 12, relativeStep: 0.25 };
    const attack = (kind === 'selective' ? selectivePgd : orthogonalPgd)(options);
    const found = attacked(attack, detected, 0.3);
    const expected = plainly(kind, 0.3, 12, 0.25 * 0.3);
    expect(found.adversarial.flat()).toBeAllclose(expected.flat(), 1e-4);
    expect(found.succeeded.some(Boolean)).toBe(true);
  });

  it('passes where PGD on the network without the detector is rejected', () => {
    // Class 1 where s > 0, rejected where s + w > −0.5; s and w are sums over other pixels.
    const guarded: Classifier = {
      classes: 3,
      answers: 2,
      inputShape: [4, 3, 2],
      bounds: [0, 1],
      logits: (x) =>
        tf.tidy(() => {
          const [s, w] = tf.split(x.reshape([-1, 24]).sub(0.5), 2, 1).map((half) => half.sum(1));
          return tf.stack([s.neg(), s, s.abs().add(s).add(w).add(0.5)], 1) as tf.Tensor2D;
        }),
    };
    const { answers: _, ...rest } = guarded;
    const unaware: Classifier = {
      ...rest,
      classes: 2,
      logits: (x) => tf.tidy(() => guarded.logits(x).slice([0, 0], [-1, 2])),
    };
    /** What the guarded classifier says to an image that an attack makes for another, or for itself. */
    const prediction = (attack: Attack, attacked = guarded) =>
      inTidy(() => {
        const clean = [...new Array<number>(12).fill(0.45), ...new Array<number>(12).fill(0.5)];
        const options = { strengths: [0.1], random: randomStream(4, 'guarded') };
        const [{ adversarial, predicted }] = attack.run(
          attacked,
          tf.tensor4d(clean, [1, 4, 3, 2]),
          labelsOf(0),
          options,
        );
        if (attacked === unaware) expect([...predicted]).toEqual([1]);
        return predictClasses(guarded, adversarial)[0];
      });
    expect(prediction(pgd(), unaware)).toBe(2);
    expect(prediction(selectivePgd({ steps: 40 }))).toBe(1);
    expect(prediction(orthogonalPgd({ steps: 40 }))).toBe(1);
    expect(prediction(pgd({ loss: 'margin' }))).toBe(1); // the margin counts the detector in
  });
});
