import * as tf from '@tensorflow/tfjs';
import { predictClasses, randomStream, type Attack, type Classifier } from '@weightmap/core';
import { linearClassifier, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { bim, fgsm, fgsmL2, miFgsm, pgd, pgdL1, pgdL2, rFgsm } from '../src/index.js';
import { counted, labelsOf, randomImages, threeClasses } from './_fixtures.js';
import { ceLoss, ceSlope, clip, plainModel, rowsOf } from './_plain.js';

useEngine('cpu');

const LABELS = [2, 0, 1, 1, 0];
const BOUNDS = [0, 1] as const;
const classifier = threeClasses(BOUNDS);
const images = () => randomImages([LABELS.length, 4, 3, 2], BOUNDS);

const attacked = (attack: Attack, epsilon: number, victim: Classifier = classifier, seed = 'steps') => {
  const x = images();
  const [{ adversarial }] = attack.run(victim, x, labelsOf(...LABELS), {
    strengths: [epsilon],
    random: randomStream(4, seed),
  });
  return rowsOf(adversarial);
};

/** ∇CE of one image. */
const model = () => plainModel(classifier);
const slopeAt = (plain: ReturnType<typeof model>, x: number[], label: number) =>
  plain.slope(ceSlope(plain.logits(x), label));

/** The iterates x⁰ … x^steps in plain loops: `move` changes x, then come the ball of L∞ and the bounds. */
function iterates(
  x0: number[],
  start: number[],
  { epsilon, steps }: { epsilon: number; steps: number },
  move: (x: number[]) => number[],
) {
  const path = [start];
  for (let k = 0; k < steps; k++)
    path.push(move(path[k]).map((v, j) => clip(clip(v, x0[j] - epsilon, x0[j] + epsilon), ...BOUNDS)));
  return path;
}

/** Of the iterates, the one of largest loss; those misclassified come before the others. */
function worstOf(plain: ReturnType<typeof model>, path: number[][], label: number) {
  const score = (x: number[]) => {
    const z = plain.logits(x);
    return ceLoss(z, label) + (z[label] < Math.max(...z) ? 1000 : 0);
  };
  return path.reduce((worst, x) => (score(x) > score(worst) ? x : worst));
}

const sign = (x: number[]) => x.map(Math.sign);
const add = (x: number[], y: number[], factor: number) => x.map((v, j) => v + factor * y[j]);

/** Stops for nobody, so that every step is taken. */
const whole = { stopWhenFooled: false, steps: 3 };

describe('bim', () => {
  it('is three steps of sign ∇CE, each put back into ball and bounds', () => {
    const plain = model();
    const [epsilon, a] = [0.2, 0.09];
    const expected = rowsOf(images()).map((x0, i) =>
      worstOf(
        plain,
        iterates(x0, x0, { epsilon, steps: 3 }, (x) => add(x, sign(slopeAt(plain, x, LABELS[i])), a)),
        LABELS[i],
      ),
    );
    expect(attacked(bim({ ...whole, stepSize: a }), epsilon).flat()).toBeAllclose(expected.flat(), 1e-5);
    expect(attacked(bim({ ...whole, relativeStep: a / epsilon }), epsilon).flat()).toBeAllclose(
      expected.flat(),
      1e-5,
    );
  });

  it('of one whole step is FGSM', () => {
    const one = attacked(bim({ steps: 1, relativeStep: 1, stopWhenFooled: false }), 0.1);
    expect(one.flat()).toBeAllclose(attacked(fgsm(), 0.1).flat(), 1e-6);
  });

  it('takes ten steps of a fifth of ε, fewer ones that are longer', () => {
    const { classifier: victim, passed } = counted(classifier);
    attacked(bim({ stopWhenFooled: false }), 0.1, victim);
    expect(passed.backwards).toBe(10 * LABELS.length);
    for (const steps of [10, 4])
      expect(attacked(bim({ steps }), 0.1)).toEqual(attacked(bim({ steps, relativeStep: 2 / steps }), 0.1));
  });
});

describe('mi-fgsm', () => {
  it('follows the sum of the gradients, each divided by its L1 length', () => {
    const plain = model();
    const epsilon = 0.3;
    const expected = rowsOf(images()).map((x0, i) => {
      let g = x0.map(() => 0);
      const path = iterates(x0, x0, { epsilon, steps: 3 }, (x) => {
        const slope = slopeAt(plain, x, LABELS[i]);
        const length = slope.reduce((sum, v) => sum + Math.abs(v), 0);
        g = g.map((v, j) => 0.6 * v + slope[j] / length);
        return add(x, sign(g), epsilon / 3);
      });
      return worstOf(plain, path, LABELS[i]);
    });
    expect(attacked(miFgsm({ ...whole, decay: 0.6 }), epsilon).flat()).toBeAllclose(expected.flat(), 1e-5);
  });

  it('stands still where there is no gradient, and is finite', () => {
    const flat: Classifier = {
      ...classifier,
      logits: (x) =>
        x
          .sum([1, 2, 3])
          .mul(0)
          .reshape([-1, 1])
          .mul(tf.ones([1, 3])),
    };
    expect(attacked(miFgsm({ steps: 2 }), 0.1, flat)).toEqual(rowsOf(images()));
  });
});

describe('fgsm-l2', () => {
  it('is one step of length ε along the gradient, then the bounds', () => {
    const plain = model();
    const epsilon = 0.9;
    const expected = rowsOf(images()).map((x, i) => {
      const slope = slopeAt(plain, x, LABELS[i]);
      return add(x, slope, epsilon / Math.hypot(...slope)).map((v) => clip(v, ...BOUNDS));
    });
    expect(attacked(fgsmL2(), epsilon).flat()).toBeAllclose(expected.flat(), 1e-5);
  });
});

describe('r-fgsm', () => {
  it('is a step of random signs, and one of sign ∇CE from there', () => {
    const plain = model();
    const epsilon = 0.12;
    const alpha = 0.04;
    const results = attacked(rFgsm({ randomShare: alpha / epsilon }), epsilon);
    const moves = rowsOf(images()).flatMap((x, i) =>
      x.map((v, j) => ({ v, move: results[i][j] - v, slope: slopeAt(plain, x, LABELS[i])[j] })),
    );
    // Within the bounds a change is ±α ± (ε − α); the second sign is the slope's (the signs change little that is steep).
    const free = moves.filter(({ v }) => v > epsilon && v < 1 - epsilon);
    const withSlope = free.filter(({ move, slope }) => move * slope > 0);
    expect(withSlope.length).toBeGreaterThan(0.9 * free.length);
    for (const { move } of free)
      expect(
        Math.min(Math.abs(Math.abs(move) - epsilon), Math.abs(Math.abs(move) - (epsilon - 2 * alpha))),
      ).toBeLessThan(1e-5);
    const both = free.filter(({ move }) => Math.abs(move) > epsilon - alpha).length / free.length;
    expect(both).toBeGreaterThan(0.3);
    expect(both).toBeLessThan(0.7);
  });

  it('takes the gradient where the random step leads', () => {
    // |x − 0.5| has opposite slopes on the two sides: the second step goes on as the first went.
    const vee: Classifier = {
      ...{ classes: 2, inputShape: [1, 1, 1], bounds: [0, 1] },
      logits: (x) =>
        x
          .reshape<tf.Tensor2D>([-1, 1])
          .sub(0.5)
          .abs()
          .mul(tf.tensor2d([[-1, 1]])),
    };
    const x = tf.fill<tf.Rank.R4>([8, 1, 1, 1], 0.5);
    const [{ adversarial }] = rFgsm().run(vee, x, labelsOf(0, 0, 0, 0, 0, 0, 0, 0), {
      strengths: [0.3],
      random: randomStream(3),
    });
    const moves = [...adversarial.dataSync()].map((v) => v - 0.5);
    for (const move of moves) expect(Math.abs(move)).toBeCloseTo(0.3, 5);
    expect(new Set(moves.map(Math.sign)).size).toBe(2);
  });

  it('of no random share is FGSM', () => {
    expect(attacked(rFgsm({ randomShare: 0 }), 0.1).flat()).toBeAllclose(attacked(fgsm(), 0.1).flat(), 1e-6);
  });
});

/** Two classes on 2×3×1 with room on all sides: the nearest boundary is |Δz| / dual norm of w₁ − w₀ away. */
function twoClasses() {
  const weights = [
    [0.5, -1],
    [-0.25, 0.75],
    [1, 1.5],
    [0, -2],
    [0.1, 0.3],
    [-0.6, -0.6],
  ];
  const bias = [-0.1, 0.36];
  const pixels = [0.6, 0.4, 0.5, 0.55, 0.45, 0.5];
  const difference = weights.map(([a, b]) => b - a);
  const margin = pixels.reduce((sum, pixel, i) => sum + pixel * difference[i], bias[1] - bias[0]);
  const dual = {
    linf: difference.reduce((sum, w) => sum + Math.abs(w), 0),
    l2: Math.hypot(...difference),
    l1: Math.max(...difference.map(Math.abs)),
  };
  return {
    victim: linearClassifier({ inputShape: [2, 3, 1], weights, bias }),
    x: tf.tensor4d(pixels, [1, 2, 3, 1]),
    label: margin > 0 ? 1 : 0,
    boundary: (norm: keyof typeof dual) => Math.abs(margin) / dual[norm],
  };
}

describe.each([
  { norm: 'linf', create: pgd, reach: 1.3 },
  { norm: 'l2', create: pgdL2, reach: 1.3 },
  { norm: 'l1', create: pgdL1, reach: 1.1 },
] as const)('pgd, $norm', ({ norm, create, reach }) => {
  it.each(['ce', 'margin'] as const)(
    'reaches the boundary of a linear classifier, and not before (%s)',
    (loss) => {
      const { victim, x, label, boundary } = twoClasses();
      const distance = boundary(norm);
      expect(distance).toBeLessThan(0.45); // no clipping on the way
      const strengths = [0.99 * distance, 1.01 * distance];
      for (let seed = 0; seed < 2; seed++) {
        const outcomes = create({ loss, steps: 30, relativeStep: 0.1 }).run(victim, x, labelsOf(label), {
          strengths,
          random: randomStream(seed),
        });
        expect(outcomes.map(({ misclassified }) => misclassified[0])).toEqual([0, 1]);
        expect(outcomes[0][norm][0]).toBeCloseTo(strengths[0], 3); // on the surface, for all that
      }
    },
  );

  it('starts at another point for another stream, and again for a restart', () => {
    const starts = ['a', 'b'].map((seed) =>
      attacked(create({ steps: 1, relativeStep: 1 }), 0.01, classifier, seed),
    );
    expect(starts[0]).not.toEqual(starts[1]);
    // Only a start near the corner finds the way: restarts do what one start doesn't.
    const { victim, x, label, boundary } = twoClasses();
    const fooledWith = (restarts: number) => {
      const attack = create({ steps: 1, relativeStep: 1, restarts });
      return Array.from({ length: 12 }, (_, seed) => {
        const options = { strengths: [reach * boundary(norm)], random: randomStream(seed) };
        const [outcome] = attack.run(victim, x, labelsOf(label), options);
        outcome.adversarial.dispose();
        return outcome.misclassified[0];
      }).reduce((a, b) => a + b);
    };
    const [once, often] = [fooledWith(1), fooledWith(12)];
    expect(often).toBeGreaterThan(once);
  });

  it('does not go on with images that are fooled, unless told to', () => {
    const { classifier: victim, passed } = counted(classifier);
    attacked(create({ steps: 30, loss: 'margin' }), 50, victim); // nothing resists
    expect(passed.backwards).toBeLessThan(10 * LABELS.length);
    const before = passed.backwards;
    attacked(create({ steps: 30, stopWhenFooled: false }), 50, victim);
    expect(passed.backwards - before).toBe(30 * LABELS.length);
  });
});

describe('pgd', () => {
  it.each([
    [1, 2.5],
    [3, 2.5 / 3],
    [90, 1 / 30],
  ])('takes %d steps of %d ε from a point that is uniform in the ball', (steps, share) => {
    const plain = model();
    const epsilon = 0.3;
    // The first numbers of the strength's own stream.
    const x = images();
    const seed = randomStream(4, 'steps').seed();
    const noise = randomStream(seed, 'strength').uniforms(x.size, -1, 1);
    const size = x.size / LABELS.length;
    const expected = rowsOf(x).map((x0, i) => {
      const start = x0.map((v, j) => clip(v + epsilon * noise[i * size + j], ...BOUNDS));
      const path = iterates(x0, start, { epsilon, steps }, (at) =>
        add(at, sign(slopeAt(plain, at, LABELS[i])), share * epsilon),
      );
      return worstOf(plain, path, LABELS[i]);
    });
    expect(attacked(pgd({ steps, stopWhenFooled: false }), epsilon).flat()).toBeAllclose(
      expected.flat(),
      1e-5,
    );
  });

  it('takes 40 steps unless told otherwise', () => {
    const { classifier: victim, passed } = counted(classifier);
    attacked(pgd({ stopWhenFooled: false }), 0.01, victim);
    expect(passed.backwards).toBe(40 * LABELS.length);
  });

  it('makes images that fool another network with every step, not with the first that fools', () => {
    // The same direction decides in both; the other network's boundary is three times as far.
    const network = (distance: number) =>
      linearClassifier({ inputShape: [4, 1, 1], weights: Array(4).fill([-1, 1]), bias: [8 * distance, 0] });
    const x = tf.zeros<tf.Rank.R4>([6, 4, 1, 1]);
    const othersFooled = (attack: Attack) => {
      const [{ adversarial, misclassified }] = attack.run(network(0.05), x, labelsOf(0, 0, 0, 0, 0, 0), {
        strengths: [0.2],
        random: randomStream(8),
      });
      expect([...misclassified]).toEqual([1, 1, 1, 1, 1, 1]);
      return [...predictClasses(network(0.15), adversarial)].filter((guess) => guess === 1).length;
    };
    const few = { steps: 20, relativeStep: 0.1 };
    expect(othersFooled(pgd(few))).toBe(0);
    expect(othersFooled(pgd({ ...few, stopWhenFooled: false }))).toBe(6);
  });

  it('aims at classes by the loss that draws towards them', () => {
    const plain = model();
    const x = images();
    const targets = LABELS.map((label) => (label + 1) % 3);
    const [{ adversarial }] = bim({ ...whole, steps: 1, relativeStep: 1 }).run(
      classifier,
      x,
      labelsOf(...LABELS),
      {
        strengths: [0.05],
        random: randomStream(1),
        targets: labelsOf(...targets),
      },
    );
    const expected = rowsOf(x).map((x0, i) =>
      add(x0, sign(slopeAt(plain, x0, targets[i])), -0.05).map((v) => clip(v, ...BOUNDS)),
    );
    expect(adversarial).toBeAllclose(expected.flat(), 1e-6);
  });
});

describe('an attack of several steps', () => {
  it.each([
    ['pgd', () => pgd({ steps: 10, relativeStep: 1 / 30 }), /are too short/],
    ['pgd-l2', () => pgdL2({ steps: 3, relativeStep: 0.3 }), /3 steps of 0\.3 ε are 0\.9 ε, less than ε/],
    ['pgd-l1', () => pgdL1({ steps: 50, relativeStep: 0.019 }), /are too short/],
    ['bim', () => bim({ steps: 4, relativeStep: 0.2 }), /are too short/],
    ['mi-fgsm', () => miFgsm({ steps: 9, relativeStep: 0.1 }), /are too short/],
    ['both lengths', () => pgd({ relativeStep: 1, stepSize: 1 }), /Both relativeStep and stepSize are given/],
    ['no length', () => pgd({ stepSize: 0 }), /Invalid step length: 0/],
    ['no steps', () => bim({ steps: 0 }), /Invalid number of steps: 0/],
    ['half a restart', () => pgd({ restarts: 1.5 }), /Invalid number of restarts: 1\.5/],
  ])(
    'is refused when it is made with parameters that are too weak or senseless: %s',
    (_what, make, message) => {
      expect(make).toThrow(message);
    },
  );

  it('is refused at a radius that its steps cannot reach, before it begins', () => {
    const { classifier: victim, passed } = counted(classifier);
    const attack = pgd({ steps: 10, stepSize: 0.01 });
    const run = (...strengths: number[]) =>
      attack.run(victim, images(), labelsOf(...LABELS), { strengths, random: randomStream(1) });
    expect(() => run(0.05, 0.11)).toThrow(/10 steps of 0\.01 are 0\.1, less than ε = 0\.11/);
    // The look whether there are logits.
    expect(passed).toEqual({ forwards: LABELS.length, backwards: 0 });
    expect(run(0.05, 0.1)).toHaveLength(2);
  });
});

describe('pgd-l1', () => {
  it('steps along the steepest components that the bounds leave free', () => {
    // 20 components; the steepest two point out of the bounds.
    const slopes = Array.from({ length: 20 }, (_, i) => (i + 1) * (i % 2 ? 1 : -1));
    const victim = linearClassifier({
      inputShape: [4, 5, 1],
      weights: slopes.map((s) => [-s / 100, s / 100]),
      bias: [50, 0],
    });
    const pixels = slopes.map(() => 0.5);
    pixels[19] = 1;
    pixels[18] = 0;
    const attack = pgdL1({ steps: 1, relativeStep: 1, sparsity: 0.8, loss: 'margin' });
    // A tiny ball, so that the random start doesn't matter, and no image is fooled.
    const x = tf.tensor4d(pixels, [1, 4, 5, 1]);
    const runs = Array.from({ length: 60 }, (_, seed) => {
      const [{ adversarial }] = attack.run(victim, x, labelsOf(0), {
        strengths: [0.04],
        random: randomStream(seed),
      });
      return [...adversarial.dataSync()].map((v, i) => v - pixels[i]);
    });
    const mean = pixels.map((_, i) => runs.reduce((sum, run) => sum + run[i], 0) / runs.length);
    const most = mean.map((v, i) => ({ v: v * Math.sign(slopes[i]), i })).sort((a, b) => b.v - a.v);
    expect(
      most
        .slice(0, 4)
        .map(({ i }) => i)
        .sort((a, b) => a - b),
    ).toEqual([14, 15, 16, 17]);
    expect(Math.abs(mean[19])).toBeLessThan(0.004);
  });
});
