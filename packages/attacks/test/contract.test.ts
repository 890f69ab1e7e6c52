import * as tf from '@tensorflow/tfjs';
import {
  asClassifier,
  predictClasses,
  randomStream,
  type Attack,
  type AttackOutcome,
  type Classifier,
  type MinimalAttack,
  type RandomStream,
} from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { attacks, defaultStrengths, type AttackId } from '../src/index.js';
import { counted, labelsOf, randomClasses, randomImages } from './_fixtures.js';
import { quick } from './_quick.js';

useEngine('cpu');

const STRENGTHS = [0, 0.05, 0.7];
const BOUNDS = [-0.5, 1.5] as const;
const CLASSES = 5;
const classifier = randomClasses(CLASSES, BOUNDS);

type Read = Omit<AttackOutcome, 'adversarial'> & { pixels: ArrayLike<number> };

/** Labels that the classifier gives itself, but for the last image. */
const labelsFor = (victim: Classifier, images: tf.Tensor4D): number[] =>
  [...predictClasses(victim, images)].map((guess, i, { length }) =>
    i > 0 && i === length - 1 ? (guess + 1) % victim.classes : guess,
  );

/** Outcomes whose tensors were read and freed. */
function attacked(
  attack: Attack,
  victim: Classifier,
  images: tf.Tensor4D,
  { strengths = STRENGTHS, targets }: { strengths?: number[]; targets?: number[] } = {},
): Read[] {
  const labels = labelsOf(...labelsFor(victim, images));
  const aims = targets ? labelsOf(...targets) : undefined;
  const outcomes = attack.run(victim, images, labels, {
    strengths,
    random: randomStream(7, attack.id),
    ...(aims && { targets: aims }),
  });
  const read = outcomes.map(({ adversarial, ...rest }) => ({ ...rest, pixels: adversarial.dataSync() }));
  tf.dispose([labels, aims ?? [], outcomes.map(({ adversarial }) => adversarial)]);
  return read;
}

const fiveImages = () => randomImages([5, 4, 3, 2], BOUNDS);

function lengthsOf(changes: number[]) {
  const sizes = changes.map(Math.abs);
  const pixels = Array.from({ length: 12 }, (_, p) => Math.max(sizes[2 * p], sizes[2 * p + 1]));
  return {
    linf: Math.max(...sizes),
    l2: Math.hypot(...changes),
    l1: sizes.reduce((sum, size) => sum + size, 0),
    l0: pixels.filter((size) => size > 0).length,
  };
}

/** Each row of the registry: its id, and its attack with few steps. */
const all = Object.entries<() => Attack>(attacks).map(
  ([id, create]) => [id, (quick[id as AttackId] ?? create)()] as const,
);

describe.each(all)('%s', (id, attack) => {
  let known: Read[] | undefined;
  /** What it makes of five images at STRENGTHS, computed once: several tests look at it. */
  const usual = (): Read[] => {
    if (!known) {
      const images = fiveImages();
      known = attacked(attack, classifier, images);
      images.dispose();
    }
    return known;
  };

  it('goes by its registry name and says where it comes from', () => {
    expect(attack.id).toBe(id);
    expect(JSON.stringify(attacks[id as AttackId]())).toBe(JSON.stringify(attack)); // what isn't a function
    expect(attack.label).not.toBe('');
    expect(attack.source).not.toBe('');
    expect('minimize' in attack).toBe(attack.kind === 'minimal');
  });

  it('stays within bounds and ball, and measures what it changed', () => {
    const images = fiveImages();
    const clean = images.dataSync();
    for (const outcome of usual()) {
      const { strength, pixels } = outcome;
      expect(Math.min(...Array.from(pixels))).toBeGreaterThanOrEqual(BOUNDS[0]);
      expect(Math.max(...Array.from(pixels))).toBeLessThanOrEqual(BOUNDS[1]);
      for (let i = 0; i < 5; i++) {
        const changes = Array.from({ length: 24 }, (_, j) => pixels[24 * i + j] - clean[24 * i + j]);
        const expected = lengthsOf(changes);
        expect(outcome.linf[i]).toBeCloseTo(expected.linf, 5);
        expect(outcome.l2[i]).toBeCloseTo(expected.l2, 5);
        expect(outcome.l1[i]).toBeCloseTo(expected.l1, 4);
        expect(outcome.l0[i]).toBe(expected.l0);
        if (attack.norm) expect(outcome[attack.norm][i]).toBeLessThanOrEqual(strength + 3e-6);
      }
    }
    images.dispose();
  });

  it('gives the clean images at strength 0, and changes them at others', () => {
    const images = fiveImages();
    // Pixels are counted in whole ones.
    const [none, some, most] =
      attack.norm === 'l0' ? attacked(attack, classifier, images, { strengths: [0, 1, 12] }) : usual();
    expect(none.pixels).toEqual(images.dataSync());
    expect(Math.max(...most.linf)).toBeGreaterThan(0.01);
    // A small step for every image that is still classified as it should be.
    if (attack.kind === 'fixed' && attack.norm)
      for (let i = 0; i < 4; i++) expect(some[attack.norm][i]).toBeGreaterThan(0.2 * 0.05);
    images.dispose();
  });

  it('counts as misclassified what the classifier takes for another class', () => {
    const images = fiveImages();
    const labels = labelsFor(classifier, images);
    for (const outcome of usual()) {
      const asked = tf.tidy(() =>
        predictClasses(classifier, tf.tensor4d(Float32Array.from(outcome.pixels), images.shape)),
      );
      expect(outcome.predicted).toEqual(asked);
      expect([...outcome.misclassified]).toEqual([...asked].map((guess, i) => Number(guess !== labels[i])));
      expect(outcome.succeeded).toEqual(outcome.misclassified);
    }
    images.dispose();
  });

  it('aims at classes, or says that it cannot', () => {
    const images = fiveImages();
    const targets = labelsFor(classifier, images).map((label) => (label + 2) % CLASSES);
    if (attack.targeted) {
      const outcomes = attacked(attack, classifier, images, { targets, strengths: [0.05, 30] });
      for (const { predicted, succeeded } of outcomes)
        expect([...succeeded]).toEqual([...predicted].map((guess, i) => Number(guess === targets[i])));
      expect(Math.max(...outcomes[1].succeeded)).toBe(1);
    } else
      expect(() => attacked(attack, classifier, images, { targets })).toThrow(/does not support targets/);
    images.dispose();
  });

  it('works with as few classes as it says, and refuses fewer before it begins', () => {
    const images = fiveImages();
    const least = attack.leastClasses ?? 2;
    const [outcome] = attacked(attack, randomClasses(least, BOUNDS), images, { strengths: [0.7] });
    expect(Math.max(...outcome.predicted)).toBeLessThan(least);
    const { classifier: victim, passed } = counted(randomClasses(least - 1, BOUNDS));
    const [labels, strengths] = [labelsOf(0, 0, 0, 0, 0), [0.7]];
    const random = randomStream(7);
    expect(() => attack.run(victim, images, labels, { strengths, random })).toThrow(
      `needs ${least} classes or more, and the classifier has ${least - 1}`,
    );
    expect(passed).toEqual({ forwards: 0, backwards: 0 });
    tf.dispose([images, labels]);
  });

  it('refuses probabilities in place of logits before it begins', () => {
    const images = fiveImages();
    const { classifier: victim, passed } = counted({
      ...classifier,
      logits: (x) => tf.softmax<tf.Tensor2D>(classifier.logits(x)),
    });
    expect(() => attacked(attack, victim, images)).toThrow('gives probabilities instead of logits');
    // Those of the labels, and those looked at.
    expect(passed).toEqual({ forwards: 5 + 5, backwards: 0 });
    images.dispose();
  });

  it('has strengths of its own to begin with', () => {
    for (const inputShape of [
      [28, 28, 1],
      [32, 32, 3],
      [4, 3, 2],
    ] as const) {
      const strengths = defaultStrengths(attack, { inputShape });
      expect(strengths.length).toBeGreaterThan(1);
      strengths.forEach((strength, i) => expect(strength).toBeGreaterThan(i === 0 ? 0 : strengths[i - 1]));
    }
  });

  it('gives the same for pixels in [-1, 1] as for the same pixels in [0, 1], strengths in pixels doubled', () => {
    const narrow = randomClasses(CLASSES);
    const wide: Classifier = {
      ...narrow,
      bounds: [-1, 1],
      logits: (x) => narrow.logits(x.add<tf.Tensor4D>(1).div(2)),
    };
    // Multiples of 1/64, which are the same in both scales without rounding.
    const images = tf.tidy(() => randomImages([5, 4, 3, 2], [0, 1]).mul(64).round().div<tf.Tensor4D>(64));
    const stretched = images.mul<tf.Tensor4D>(2).sub<tf.Tensor4D>(1);
    const [one, two] = (
      [
        [0, 1],
        [-1, 1],
      ] as const
    ).map((bounds) => defaultStrengths(attack, { inputShape: [4, 4, 1], bounds }).slice(-1));
    const [a] = attacked(attack, narrow, images, { strengths: one });
    const [b] = attacked(attack, wide, stretched, { strengths: two });
    const back = Array.from(b.pixels, (v) => (v + 1) / 2);
    expect(b.predicted).toEqual(a.predicted);
    expect(b.succeeded).toEqual(a.succeeded);
    expect(back).toBeAllclose(Array.from(a.pixels), 1e-3);
    tf.dispose([images, stretched]);
  });

  it('takes labels of any type, and pixels past a bound by a rounding, and leaves nothing behind', async () => {
    const clean = fiveImages();
    const images = tf.tidy(() =>
      tf.where<tf.Tensor4D>(clean.less(-0.4), tf.fill(clean.shape, -0.5000001), clean),
    );
    const labels = labelsFor(classifier, clean);
    // Whole numbers in a tensor are what all other tests give; the two kinds of lists are read by the same lines.
    const types = [Float32Array.from(labels), tf.tensor1d(labels)] as unknown[] as tf.Tensor1D[];
    const results = await expectNoLeak(() =>
      types.map((given) => {
        const random = randomStream(7, attack.id);
        const [{ adversarial, ...rest }] = attack.run(classifier, images, given, {
          strengths: [0.05],
          random,
        });
        const pixels = adversarial.dataSync();
        adversarial.dispose();
        return { ...rest, pixels };
      }),
    );
    for (const result of results) expect(result).toEqual(results[0]);
    expect(Math.min(...results[0].pixels)).toBeGreaterThanOrEqual(BOUNDS[0]);
    tf.dispose([clean, images, types]);
  });

  it('refuses labels that are no classes and strengths that are no list, before it begins', () => {
    const images = fiveImages();
    const { classifier: victim, passed } = counted(classifier);
    const attempt = (labels: unknown, options: unknown = { strengths: [0.1], random: randomStream(1) }) =>
      attack.run(
        victim,
        images,
        labels as tf.Tensor1D,
        options as { strengths: number[]; random: RandomStream },
      );
    expect(() => attempt([1, 2, 3, 4, 5])).toThrow('Label 4 of the batch is 5');
    expect(() => attempt([0, 0.5, 0, 0, 0])).toThrow('Label 1 of the batch is 0.5');
    expect(() => attempt([0, 0])).toThrow('labels have the shape [2]');
    expect(() => attempt([0, 0, 0, 0, 0], { strengths: 0.1, random: randomStream(1) })).toThrow(
      'strengths of an attack are 0.1',
    );
    expect(() => attempt([0, 0, 0, 0, 0], { strengths: [0.1] })).toThrow('no stream of random numbers');
    expect(() => attempt([0, 0, 0, 0, 0], null)).toThrow('strengths of an attack are undefined');
    expect(passed).toEqual({ forwards: 0, backwards: 0 });
    images.dispose();
  });

  it.runIf(attack.targeted)('aims at classes of two and of three, or refuses before it searches', () => {
    const images = fiveImages();
    for (const classes of [2, 3]) {
      if (classes < (attack.leastClasses ?? 2)) continue;
      const { classifier: victim, passed } = counted(randomClasses(classes, BOUNDS));
      const labels = labelsFor(victim, images);
      const targets = labels.map((label) => (label + 1) % classes);
      const before = { ...passed };
      try {
        const [{ succeeded, predicted }] = attacked(attack, victim, images, { targets, strengths: [30] });
        expect([...succeeded]).toEqual([...predicted].map((guess, i) => Number(guess === targets[i])));
      } catch (error) {
        expect(String(error)).toMatch(/not defined for \d classes|needs \d classes/);
        // The labels, and the look whether there are logits.
        expect(passed.forwards - before.forwards).toBeLessThanOrEqual(10);
        expect(passed.backwards).toBe(0);
      }
    }
    images.dispose();
  });

  it('counts the images that pass through the classifier', () => {
    const images = fiveImages();
    const { classifier: victim, passed } = counted(classifier);
    labelsFor(victim, images);
    const before = { ...passed };
    const [{ cost }] = attacked(attack, victim, images);
    // The labels, the look whether there are logits, then the clean and the found images of a minimal attack, else one
    // image a strength.
    const judged = 5 + 5 + 5 * (attack.kind === 'minimal' ? 2 : STRENGTHS.length);
    expect(cost.forwards).toBe(passed.forwards - before.forwards - judged);
    expect(cost.backwards).toBe(passed.backwards);
    if (attack.usesGradient) expect(cost.backwards).toBeGreaterThan(0);
    else expect(cost.backwards).toBe(0);
    images.dispose();
  });

  it('repeats itself with the same stream, whatever other strengths are asked for', () => {
    const images = fiveImages();
    const [, , together] = usual();
    const [alone] = attacked(attack, classifier, images, { strengths: [STRENGTHS[2]] });
    expect({ ...alone, cost: null }).toEqual({ ...together, cost: null });
    images.dispose();
  });

  it('works on a single image of a convolutional network', () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [6, 5, 1], filters: 4, kernelSize: 3, activation: 'relu' }),
        tf.layers.flatten(),
        tf.layers.dense({ units: CLASSES }),
      ],
    });
    const images = randomImages([1, 6, 5, 1], [0, 1]);
    const outcomes = attacked(attack, asClassifier(model), images);
    expect(outcomes.map(({ pixels }) => pixels.length)).toEqual([30, 30, 30]);
    if (attack.kind !== 'minimal') expect(outcomes[2].linf[0]).toBeGreaterThan(0);
    tf.dispose([images, model.getWeights()]);
  });

  it('leaves the originals alone and nothing behind but its results', async () => {
    const images = randomImages([2, 4, 3, 2], BOUNDS);
    const labels = labelsOf(...labelsFor(classifier, images));
    const before = [images, labels].map((tensor) => tensor.dataSync().slice());
    const outcomes = await expectNoLeak(
      () => attack.run(classifier, images, labels, { strengths: STRENGTHS, random: randomStream(7) }),
      STRENGTHS.length,
    );
    for (const { adversarial } of outcomes) {
      expect(adversarial.shape).toEqual(images.shape);
      expect(adversarial.dtype).toBe('float32');
      adversarial.dispose();
    }
    expect([images, labels].map((tensor) => tensor.dataSync())).toEqual(before);
    tf.dispose([images, labels]);
  });
});

const minimal = all.filter((row): row is readonly [string, MinimalAttack] => row[1].kind === 'minimal');

describe.runIf(minimal.length > 0).each(minimal)('%s, without a limit', (_id, attack) => {
  const minimized = (images: tf.Tensor4D) => {
    const labels = labelsOf(...labelsFor(classifier, images));
    const outcome = attack.minimize(classifier, images, labels, { random: randomStream(7, attack.id) });
    labels.dispose();
    return outcome;
  };

  it('says how near the nearest image is that fools, and that the wrong ones are there already', async () => {
    const images = fiveImages();
    const { adversarial, distance, succeeded, ...measured } = await expectNoLeak(() => minimized(images), 1);
    expect(distance[4]).toBe(0);
    expect(Math.max(...succeeded.slice(0, 4))).toBe(1);
    for (let i = 0; i < 4; i++) expect(distance[i]).toBe(succeeded[i] ? measured[attack.norm][i] : Infinity);
    tf.dispose([images, adversarial]);
  });

  it('cuts off by strength what it found', () => {
    const images = fiveImages();
    const { adversarial, distance, succeeded } = minimized(images);
    const furthest = Math.max(...[...distance].filter(Number.isFinite));
    const [all, less] = attacked(attack, classifier, images, { strengths: [furthest, 0.999 * furthest] });
    expect(all.pixels).toEqual(adversarial.dataSync());
    expect([...all.succeeded]).toEqual([...succeeded]);
    expect([...less.succeeded]).toEqual(
      [...distance].map((d, i) => (d < 0.999 * furthest ? succeeded[i] : 0)),
    );
    tf.dispose([images, adversarial]);
  });
});
