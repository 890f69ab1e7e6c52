import * as tf from '@tensorflow/tfjs';
import { attacks } from '@weightmap/attacks';
import { firstOf, imageSet, randomStream, type Classifier, type Dataset } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { heldOutCount, withHeldOutSeeds } from '../src/attack/held-out-seeds.js';

useEngine();

const spec = { height: 2, width: 2, channels: 1, classes: ['a', 'b'] };
/** Image i has the bytes i. */
const validation = imageSet(
  spec,
  Uint8Array.from({ length: 800 }, (_, i) => Math.floor(i / 4)),
  new Uint8Array(200),
);
const data = (part: typeof validation): Dataset => ({
  id: 'made',
  label: 'made',
  spec,
  train: part,
  validation: part,
  test: part,

  checksum: 'made',
  source: 'this test',
  notes: [],
});

/** Notes the first pixel of what it is shown. */
function shown() {
  const first: number[][] = [];
  const classifier: Classifier = {
    classes: 2,
    inputShape: [2, 2, 1],
    bounds: [0, 1],
    logits(images) {
      first.push(
        [...images.flatten().dataSync()].filter((_, i) => i % 4 === 0).map((v) => Math.round(v * 255)),
      );
      return tf.tidy(() => tf.concat([images.sum([1, 2]), tf.ones([images.shape[0], 1])], 1)) as tf.Tensor2D;
    },
  };
  return { classifier, first };
}

describe('a substitute model’s seeds', () => {
  it('are 150 images of the validation part, the same for a seed, freed in the end', async () => {
    const drawn = async (seed: number) => {
      const { classifier, first } = shown();
      await expectNoLeak(() => {
        const held = withHeldOutSeeds(attacks.substitute(), data(validation), seed);
        const images = tf.zeros<tf.Rank.R4>([1, 2, 2, 1]);
        const labels = tf.tensor1d([0], 'int32');
        // The attacked image is shown first, to see whether the logits are logits. Then come the seeds; the rest is tested
        // with the attack.
        const stop = {
          ...classifier,
          logits: (x: tf.Tensor4D) => {
            const logits = classifier.logits(x);
            if (x.shape[0] === 1) return logits;
            logits.dispose();
            throw new Error('enough');
          },
        };
        expect(() =>
          held.attack.run(stop, images, labels, { strengths: [0.1], random: randomStream(1) }),
        ).toThrow('enough');
        tf.dispose([images, labels]);
        held.dispose();
      });
      return first.at(-1)!;
    };
    const once = await drawn(1);
    expect(new Set(once).size).toBe(150);
    expect(await drawn(1)).toEqual(once);
    expect(await drawn(2)).not.toEqual(once);
  });

  it('are at most as many as there are; without any, there is an error', () => {
    expect([heldOutCount(1000), heldOutCount(7)]).toEqual([150, 7]);
    withHeldOutSeeds(attacks.substitute(), data(firstOf(validation, 7)), 1).dispose();
    expect(() => withHeldOutSeeds(attacks.substitute(), data(firstOf(validation, 0)), 1)).toThrow(
      'no held-out',
    );
  });

  it('are not given to other attacks', () => {
    const given = attacks.fgsm();
    expect(withHeldOutSeeds(given, data(firstOf(validation, 0)), 1).attack).toBe(given);
  });
});
