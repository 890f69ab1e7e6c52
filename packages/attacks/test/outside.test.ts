import * as tf from '@tensorflow/tfjs';
import { randomStream } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { startOutside } from '../src/black-box/_outside.js';
import { watch } from '../src/harness/_victim.js';
import { boundary, hopSkipJump, type OutsideOptions } from '../src/index.js';
import { argMax, corners, logitsOf, middleImages, openLinear } from './_closest.js';
import { labelsOf } from './_fixtures.js';
import { rowsOf } from './_plain.js';

useEngine('cpu');

const model = openLinear(5);
const classesOf = (images: tf.Tensor, by = model) => logitsOf(by, images.dataSync()).map(argMax);
const apart = (a: number[], b: number[]) => Math.hypot(...a.map((value, j) => value - b[j]));

/** Noise seldom is of another class than the one or two that lead in the middle: blends of it with the corners are. */
function pool(): tf.Tensor4D {
  const noise = tf.tensor4d(randomStream(8, 'pool').uniforms(40 * 24), [40, 4, 3, 2]);
  return noise.add(corners(model).tile([8, 1, 1, 1])).div(2);
}

describe('startOutside', () => {
  it.each([true, false])('takes the nearest of the images that fool (aimed: %s)', async (aims) => {
    const images = middleImages(6);
    const own = classesOf(images);
    const wanted = own.map((_, i) => (own[i] + 1 + (i % 4)) % 5);
    const [starts, labels, targets] = [pool(), labelsOf(...own), labelsOf(...wanted)];
    const given = { images, labels, ...(aims && { targets }) };
    const classes = classesOf(starts);
    expect(new Set(classes).size).toBe(5);
    const { victim, cost, dispose } = watch(model.classifier);
    const random = randomStream(1);
    const { outside, fooled } = await expectNoLeak(() => {
      const found = startOutside(victim, given, { random, tries: 5, starts });
      dispose();
      return found;
    }, 2);
    expect([...fooled.dataSync()]).toEqual([1, 1, 1, 1, 1, 1]);
    // The images, the starts, with targets the images again; no noise.
    expect(cost().forwards).toBe(6 + 40 + (aims ? 6 : 0));
    const rows = [...rowsOf(starts), ...(aims ? rowsOf(images) : [])];
    const taken = [...classes, ...(aims ? own : [])];
    rowsOf(images).forEach((row, i) => {
      const fit = rows.filter((_, k) => (aims ? taken[k] === wanted[i] : taken[k] !== own[i]));
      const nearest = Math.min(...fit.map((other) => apart(row, other)));
      expect(apart(row, rowsOf(outside)[i])).toBeCloseTo(nearest, 4);
    });
    expect(classesOf(outside).every((k, i) => (aims ? k === wanted[i] : k !== own[i]))).toBe(true);
    tf.dispose([images, labels, targets, starts, outside, fooled]);
  });

  it.each([
    { why: 'another shape', starts: () => tf.zeros<tf.Rank.R4>([2, 3, 3, 2]), says: /starts have the shape/ },
    {
      why: 'pixels outside the bounds',
      starts: () => tf.fill<tf.Rank.R4>([2, 4, 3, 2], 2),
      says: /reach from/,
    },
  ])('refuses starts of $why', ({ starts, says }) => {
    const [images, wrong, labels] = [middleImages(1), starts(), labelsOf(0)];
    const attack = hopSkipJump({ starts: wrong });
    expect(() => attack.minimize(model.classifier, images, labels, { random: randomStream(1) })).toThrow(
      says,
    );
    tf.dispose([images, wrong, labels]);
  });
});

describe.each([
  ['hop-skip-jump', (given: OutsideOptions) => hopSkipJump({ steps: 2, evaluations: 5, tries: 2, ...given })],
  ['boundary', (given: OutsideOptions) => boundary({ steps: 30, tries: 2, ...given })],
] as const)('%s with targets', (_id, create) => {
  it('does between two classes what it does without', () => {
    const two = openLinear(2);
    const all = middleImages(8);
    const classes = classesOf(all, two);
    const one = classes.flatMap((k, i) => (k === classes[0] ? [i] : []));
    const images = tf.gather(all, tf.tensor1d(one, 'int32'));
    const [labels, targets] = [classes[0], 1 - classes[0]].map((k) =>
      tf.fill<tf.Rank.R1>([one.length], k, 'int32'),
    );
    const starts = corners(two);
    const found = [{}, { targets }].map((aim) =>
      create({ starts }).minimize(two.classifier, images, labels, { random: randomStream(1), ...aim }),
    );
    const [free, aimed] = found.map(({ adversarial, cost: _, ...rest }) => ({
      ...rest,
      pixels: adversarial.dataSync(),
    }));
    expect(aimed).toEqual(free);
    expect(Math.max(...free.distance)).toBeLessThan(Infinity);
    expect(Math.min(...free.distance)).toBeGreaterThan(0);
    tf.dispose([all, images, labels, targets, starts, found.map(({ adversarial }) => adversarial)]);
  });

  it('has not succeeded where no image of the class is known, and begins at those of the batch', () => {
    const strangers = corners(model);
    const leaders = classesOf(strangers);
    expect(leaders).toEqual([0, 1, 2, 3, 4]);
    // Classes 0 and 1 alone are in the batch; noise is of the leading class.
    const images = strangers.slice([0, 0, 0, 0], [2, -1, -1, -1]);
    const [labels, targets] = [labelsOf(0, 1), labelsOf(1, 4)];
    const random = randomStream(1);
    const { adversarial, distance, predicted, succeeded } = create({}).minimize(
      model.classifier,
      images,
      labels,
      { random, targets },
    );
    expect([...succeeded]).toEqual([1, 0]);
    expect([...predicted]).toEqual([1, 1]);
    expect(distance[1]).toBe(Infinity);
    expect(rowsOf(adversarial)[1]).toEqual(rowsOf(images)[1]);
    tf.dispose([strangers, images, labels, targets, adversarial]);
  });
});
