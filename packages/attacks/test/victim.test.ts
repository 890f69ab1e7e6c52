import * as tf from '@tensorflow/tfjs';
import type { Classifier, VictimStep } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { watch } from '../src/harness/_victim.js';
import { counted, labelsOf, randomImages, threeClasses } from './_fixtures.js';

useEngine('cpu');

const images = (count: number) => randomImages([count, 4, 3, 2], [0, 1]);

/** A classifier that compiles as the native engine does: the step is JavaScript once for each shape of inputs. */
function compiling(plain: Classifier) {
  const counts = { made: 0, traced: 0, called: 0 };
  const classifier: Classifier = {
    ...plain,
    compile: (step) => {
      counts.made++;
      const results = new Map<string, ReturnType<typeof step>>();
      return (inputs) => {
        counts.called++;
        const key = Object.values(inputs)
          .map(({ shape }) => shape.join())
          .join(' ');
        if (!results.has(key)) {
          counts.traced++;
          results.set(key, step(inputs));
        }
        const entries = Object.entries(results.get(key)!).map(([name, x]) => [
          name,
          (x as tf.Tensor).clone(),
        ]);
        return Object.fromEntries(entries) as ReturnType<typeof step>;
      };
    },
  };
  return { classifier, counts };
}

type Once = { readonly [name: string]: tf.Tensor; readonly x: tf.Tensor4D };
const twice: VictimStep<Once, { z: tf.Tensor2D; g: tf.Tensor4D }> =
  (model) =>
  ({ x }) => {
    const z = model.logits(x);
    const labels = tf.zeros<tf.Rank.R1>([x.shape[0]], 'int32');
    return { z, g: model.gradient({ images: x, labels, loss: 'ce' }).gradient };
  };

describe('a victim', () => {
  it('gives logits, loss and gradient of one pass, and counts what passes', async () => {
    const { classifier, passed } = counted(threeClasses());
    const [x, labels] = [images(4), labelsOf(0, 1, 2, 0)];
    const { victim, cost } = watch(classifier);
    const { gradient, loss, logits } = await expectNoLeak(
      () => victim.gradient({ images: x, labels, loss: 'margin' }),
      3,
    );
    expect(passed).toEqual({ forwards: 4, backwards: 4 });
    expect(cost()).toEqual(passed);
    const z = victim.logits(x);
    expect(logits).toBeAllclose(z);
    expect(cost()).toEqual({ forwards: 8, backwards: 4 });
    // The gradient is that of the loss: half a step along it raises the loss as the slope says.
    const step = 1e-2;
    const further = tf.tidy(
      () => victim.gradient({ images: x.add(gradient.mul(step)), labels, loss: 'margin' }).loss,
    );
    const rise = tf.tidy(() => gradient.square().sum([1, 2, 3]).mul(step));
    expect(further.sub(loss)).toBeAllclose(rise, 1e-3);
    tf.dispose([x, labels, gradient, loss, logits, z, further, rise]);
  });

  it('compiles a step once for a classifier, whatever the run, and counts the calls that are no JavaScript', () => {
    const { classifier, counts } = compiling(threeClasses());
    for (let run = 0; run < 3; run++) {
      const { victim, cost, check } = watch(classifier);
      victim.compute(twice, { x: images(5) });
      victim.compute(twice, { x: images(5) });
      victim.compute(twice, { x: images(2) });
      check();
      expect(cost()).toEqual({ forwards: 2 * 12, backwards: 12 });
    }
    expect(counts).toEqual({ made: 1, traced: 2, called: 9 });
    const other = compiling(threeClasses());
    watch(other.classifier).victim.compute(twice, { x: images(5) });
    expect(other.counts.made).toBe(1);
  });

  it.each([
    [
      'logit',
      (x: tf.Tensor4D) => threeClasses().logits(x).div<tf.Tensor2D>(tf.scalar(0)),
      /logit that is NaN/,
    ],
    [
      'gradient',
      (x: tf.Tensor4D) => threeClasses().logits(x.sub<tf.Tensor4D>(x).sqrt()),
      /gradient of the loss/,
    ],
  ])(
    'tells of a %s that is not finite: at once, and of steps when it is asked',
    async (_what, logits, message) => {
      const classifier: Classifier = { ...threeClasses(), logits };
      const [x, labels] = [images(2), labelsOf(0, 1)];
      const { victim, check, dispose } = watch(classifier);
      await expectNoLeak(() => {
        expect(() => victim.gradient({ images: x, labels, loss: 'ce' })).toThrow(message);
        tf.dispose(victim.compute(twice, { x }));
        expect(check).toThrow(message);
        expect(check).not.toThrow(); // told once
        tf.dispose(victim.compute(twice, { x }));
        dispose();
      });
      tf.dispose([x, labels]);
    },
  );

  it('has no loss with a target but no targets, and none for too few classes', () => {
    const { victim } = watch(threeClasses());
    const [x, labels] = [images(2), labelsOf(0, 1)];
    expect(() => victim.gradient({ images: x, labels, loss: 'target-ce' })).toThrow(/needs targets/);
    expect(() => victim.gradient({ images: x, labels, targets: labels, loss: 'dlr-targeted' })).toThrow(
      /3 classes/,
    );
  });
});
