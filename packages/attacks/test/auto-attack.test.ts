import * as tf from '@tensorflow/tfjs';
import { randomStream, type Attack } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { autoAttack, autoAttackMembers, judged, square, suitsClasses } from '../src/index.js';
import { argMax, closest, logitsOf, middleImages, openLinear } from './_closest.js';
import { labelsOf, methodOf } from './_fixtures.js';
import { quick } from './_quick.js';

useEngine('cpu');

const model = openLinear(5);

/** The sizes of the batches that an attack gets. */
function watched(attack: Attack) {
  const sizes: number[] = [];
  const run: Attack['run'] = (classifier, images, ...rest) => {
    sizes.push(images.shape[0]);
    return attack.run(classifier, images, ...rest);
  };
  return { attack: { ...attack, run }, sizes };
}

/** Changes nothing. */
const nothing = judged(methodOf((_v, { images }, { strengths }) => strengths.map(() => images)));

describe('autoAttack', () => {
  it('fools exactly the images whose boundary is within ε', () => {
    const images = middleImages(8);
    const pixels = images.dataSync();
    const distances = closest(model, pixels, 'linf');
    const middle = [...distances].sort((a, b) => a - b);
    const epsilon = (middle[3] + middle[4]) / 2;
    const labels = labelsOf(...logitsOf(model, pixels).map(argMax));
    const options = { strengths: [epsilon], random: randomStream(1) };
    const [outcome] = quick['auto-attack']!().run(model.classifier, images, labels, options);
    expect([...outcome.succeeded]).toEqual(distances.map((distance) => Number(distance < epsilon)));
    tf.dispose([images, labels, outcome.adversarial]);
  });

  it('shows each attack the images alone that stand, and keeps what fooled', () => {
    const images = middleImages(8);
    const pixels = images.dataSync();
    const distances = closest(model, pixels, 'linf');
    const sorted = [...distances].sort((a, b) => a - b);
    const own = logitsOf(model, pixels).map(argMax);
    // One image is wrong from the start, three more can be fooled.
    const wrong = distances.indexOf(sorted[7]);
    const labels = labelsOf(...own.map((label, i) => (i === wrong ? (label + 1) % 5 : label)));
    const [first, second, third, fourth] = [
      watched(nothing),
      watched(quick['apgd-ce']!()),
      watched(quick.fab!()),
      watched(nothing),
    ];
    const attacks = [first, second, third, fourth].map(({ attack }) => attack);
    const options = { strengths: [(sorted[3] + sorted[4]) / 2], random: randomStream(1) };
    const [outcome] = autoAttack({ attacks }).run(model.classifier, images, labels, options);
    // 7 stand and are filled up to 8; of these 4 are fooled by the second, so that 3 are left: no more for
    // FAB, which draws no random numbers, and filled up to 4 for others.
    expect([first, second, third, fourth].map(({ sizes }) => sizes[0])).toEqual([8, 8, 3, 4]);
    expect([...outcome.succeeded]).toEqual(
      distances.map((distance, i) => Number(distance <= sorted[3] || i === wrong)),
    );
    expect(outcome.linf[wrong]).toBe(0);
    tf.dispose([images, labels, outcome.adversarial]);
  });

  it('shows those that fill up the batch to no attack that chooses its rows', () => {
    const images = middleImages(8);
    const labels = labelsOf(...logitsOf(model, images.dataSync()).map(argMax));
    const forwards = (open: number[]) => {
      const options = { turn: 0, strength: 1e-4, seed: 1, open };
      const attack = autoAttack({ attacks: [square({ queries: 700 })] });
      const { cost, adversarial } = attack.turn(model.classifier, images, labels, options);
      adversarial.dispose();
      return cost.forwards;
    };
    expect(forwards([5])).toBe(700);
    // One that fills up stays: 700 queries fewer are not worth a further size, 3 × 700 are.
    expect(forwards([1, 2, 5])).toBe(4 * 700);
    expect(forwards([0, 1, 2, 3, 4])).toBe(5 * 700);
    tf.dispose([images, labels]);
  });

  it('aims with those that can, each at the targets of the images that stand', () => {
    const two = openLinear(2);
    const images = middleImages(8);
    const pixels = images.dataSync();
    const distances = closest(two, pixels, 'linf');
    const sorted = [...distances].sort((a, b) => a - b);
    const own = logitsOf(two, pixels).map(argMax);
    const asked: number[][] = [];
    const witness = judged({
      ...methodOf((_v, { images: clean, targets: aims }, { strengths }) => {
        asked.push([...aims!.dataSync()]);
        return strengths.map(() => clean);
      }),
      targeted: true,
    });
    const last = watched(witness);
    const never = watched(nothing);
    const attacks = [witness, never.attack, quick['apgd-ce']!(), quick.fab!(), last.attack];
    const [labels, targets] = [labelsOf(...own), labelsOf(...own.map((label) => 1 - label))];
    const options = { strengths: [(sorted[3] + sorted[4]) / 2], random: randomStream(1), targets };
    const [outcome] = autoAttack({ attacks }).run(two.classifier, images, labels, options);
    expect(never.sizes).toEqual([]);
    expect(asked[0]).toEqual([...targets.dataSync()]);
    const reached = distances.map((distance) => distance <= sorted[3]);
    expect(asked[1]).toEqual(own.filter((_, i) => !reached[i]).map((label) => 1 - label));
    expect(last.sizes).toEqual([4]);
    expect([...outcome.succeeded]).toEqual(reached.map(Number));
    expect(autoAttack({ attacks: [nothing] }).targeted).toBe(false);
    tf.dispose([images, labels, targets, outcome.adversarial]);
  });

  it.each(['standard', 'plus'] as const)('reaches targets in its %s version', (version) => {
    const images = middleImages(3);
    const z = logitsOf(model, images.dataSync());
    const aims = z.map((logits) => logits.indexOf(Math.min(...logits)));
    const [labels, targets] = [labelsOf(...z.map(argMax)), labelsOf(...aims)];
    const options = { strengths: [1], random: randomStream(1), targets };
    const [outcome] = autoAttack({ version }).run(model.classifier, images, labels, options);
    expect([...outcome.predicted]).toEqual(aims);
    tf.dispose([images, labels, targets, outcome.adversarial]);
  });

  it.each([
    [2, 'standard', ['apgd-ce', 'apgd-margin', 'fab', 'square']],
    [3, 'standard', ['apgd-ce', 'apgd-dlr', 'fab', 'square']],
    [4, 'standard', ['apgd-ce', 'apgd-t', 'fab', 'square']],
    [2, 'plus', ['apgd-ce', 'apgd-margin', 'fab', 'square']],
    [3, 'plus', ['apgd-ce', 'apgd-dlr', 'fab', 'square', 'fab']],
    [10, 'plus', ['apgd-ce', 'apgd-dlr', 'fab', 'square', 'apgd-t', 'fab']],
  ] as const)('with %d classes is in its %s version %j', (classes, version, expected) => {
    const members = autoAttackMembers({ version, classes });
    expect(members.map(({ id }) => id)).toEqual(expected);
    const aiming = autoAttackMembers({ version, classes, targeted: true });
    for (const attack of [...members, ...aiming]) expect(suitsClasses(attack, classes)).toBe(true);
    expect(aiming.map(({ id }) => id)).toEqual([
      ...['apgd-ce', classes < 4 ? 'apgd-margin' : 'apgd-t', 'fab', 'square'],
    ]);
  });

  it.each([
    [2, 'standard'],
    [2, 'plus'],
    [3, 'standard'],
  ] as const)('fools images of %d classes in its %s version, and reaches targets', (count, version) => {
    const few = openLinear(count);
    const images = middleImages(4);
    const own = logitsOf(few, images.dataSync()).map(argMax);
    const [labels, others] = [labelsOf(...own), labelsOf(...own.map((label) => (label + 1) % count))];
    const options = { strengths: [0.6], random: randomStream(1) };
    const attack = autoAttack({ version });
    const [outcome] = attack.run(few.classifier, images, labels, options);
    expect([...outcome.succeeded]).toEqual([1, 1, 1, 1]);
    const [aimed] = attack.run(few.classifier, images, labels, { ...options, targets: others });
    expect([...aimed.succeeded]).toEqual([1, 1, 1, 1]);
    tf.dispose([images, labels, others, outcome.adversarial, aimed.adversarial]);
  });

  it('needs as many classes as the most demanding of the attacks given', () => {
    expect(autoAttack().leastClasses).toBe(2);
    expect(autoAttack({ attacks: [nothing, quick['apgd-t']!(), quick['apgd-dlr']!()] }).leastClasses).toBe(4);
  });

  it('ends when none stands', () => {
    const images = middleImages(4);
    const labels = labelsOf(...logitsOf(model, images.dataSync()).map(argMax));
    const last = watched(nothing);
    const options = { strengths: [0.4], random: randomStream(1) };
    const [outcome] = autoAttack({ attacks: [quick['apgd-ce']!(), last.attack] }).run(
      model.classifier,
      images,
      labels,
      options,
    );
    expect(last.sizes).toEqual([]);
    expect([...outcome.succeeded]).toEqual([1, 1, 1, 1]);
    tf.dispose([images, labels, outcome.adversarial]);
  });
});
