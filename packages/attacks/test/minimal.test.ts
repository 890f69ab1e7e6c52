import * as tf from '@tensorflow/tfjs';
import { randomStream, type MinimalAttack } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { boundary, carliniWagner, ddn, deepFool, ead, fab, fabL2, hopSkipJump } from '../src/index.js';
import { argMax, clearImages, closest, halves, logitsOf, middleImages, openLinear } from './_closest.js';
import { labelsOf } from './_fixtures.js';

useEngine('cpu');

const COUNT = 6;

/** Each attack with how much further than to the nearest boundary it may go, as a share. */
const attacks: readonly (readonly [string, MinimalAttack, number])[] = [
  ['deepfool', deepFool(), 0.025],
  ['ddn', ddn(), 0.05],
  ['carlini-wagner', carliniWagner({ steps: 120, searches: 5 }), 0.05],
  // In bounds 9 wide, of which c, a_0 and β don't know.
  [
    'ead',
    ead({ steps: 150, searches: 7, firstConstant: 10 / 9 ** 2, learningRate: 5e-4, beta: 0.02 / 9 }),
    0.05,
  ],
  ['fab', fab({ steps: 30 }), 0.05],
  ['fab, a class at a time', fab({ steps: 15, aims: 4 }), 0.05],
  ['fab-l2', fabL2({ steps: 30 }), 0.05],
  ['hop-skip-jump', hopSkipJump({ steps: 12, evaluations: 60 }), 0.08],
  ['boundary', boundary({ steps: 2000, sphericalStep: 0.05, sourceStep: 0.03 }), 0.1],
];

describe.each(attacks)('%s on a linear classifier', (_id, attack, tolerance) => {
  const norm = attack.norm as 'linf' | 'l2' | 'l1';
  // L1 changes few pixels by much.
  const bounds = norm === 'l1' ? ([-4, 5] as const) : ([0, 1] as const);

  // A black box begins anywhere, and may end at another boundary that is the nearest of its surroundings.
  const modelOf = () => (attack.usesGradient ? openLinear(5, bounds, 20) : halves());

  it('reaches min_k |z_k − z_y| / ‖w_k − w_y‖ in the dual norm', () => {
    const model = modelOf();
    const images = clearImages(model, COUNT, norm);
    const pixels = images.dataSync();
    const expected = closest(model, pixels, norm);
    const labels = labelsOf(...logitsOf(model, pixels).map(argMax));
    const outcome = attack.minimize(model.classifier, images, labels, { random: randomStream(1) });
    expect([...outcome.succeeded]).toEqual(new Array(COUNT).fill(1));
    const ratios = [...outcome.distance].map((distance, i) => distance / expected[i]);
    expect(Math.min(...ratios)).toBeGreaterThan(1 - 1e-4);
    expect(Math.max(...ratios)).toBeLessThan(1 + tolerance);
    const found = outcome.adversarial.dataSync();
    expect(logitsOf(model, found).map(argMax)).toEqual([...outcome.predicted]);
    tf.dispose([images, labels, outcome.adversarial]);
  });

  // With two classes a black box does the same with a target as without, see outside.test.ts.
  it.runIf(attack.targeted && attack.usesGradient)(
    'reaches a target, between two classes by the shortest way',
    () => {
      const model = openLinear(2, bounds, 20);
      const images = middleImages(COUNT);
      const pixels = images.dataSync();
      const own = logitsOf(model, pixels).map(argMax);
      const [labels, targets] = [labelsOf(...own), labelsOf(...own.map((label) => 1 - label))];
      const outcome = attack.minimize(model.classifier, images, labels, { random: randomStream(1), targets });
      expect([...outcome.predicted]).toEqual(own.map((label) => 1 - label));
      closest(model, pixels, norm).forEach((expected, i) => {
        expect(outcome.distance[i] / expected).toBeGreaterThan(1 - 1e-4);
        expect(outcome.distance[i] / expected).toBeLessThan(1 + tolerance);
      });
      tf.dispose([images, labels, targets, outcome.adversarial]);
    },
  );

  it.runIf(attack.targeted && attack.usesGradient)('reaches the least likely of five classes', () => {
    const model = openLinear(5, bounds, 20);
    const images = middleImages(COUNT);
    const z = logitsOf(model, images.dataSync());
    const aims = z.map((logits) => logits.indexOf(Math.min(...logits)));
    const [labels, targets] = [labelsOf(...z.map(argMax)), labelsOf(...aims)];
    const outcome = attack.minimize(model.classifier, images, labels, { random: randomStream(1), targets });
    expect([...outcome.predicted]).toEqual(aims);
    expect([...outcome.succeeded]).toEqual(new Array(COUNT).fill(1));
    tf.dispose([images, labels, targets, outcome.adversarial]);
  });
});
