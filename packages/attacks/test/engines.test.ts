import * as tf from '@tensorflow/tfjs';
import { predictClasses, randomStream, type Attack } from '@weightmap/core';
import { availableEngines, startEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { attacks, type AttackId } from '../src/index.js';
import { labelsOf, randomClasses, randomImages } from './_fixtures.js';
import { quick } from './_quick.js';

// The other files of this package run on the cpu engine, which is the fastest for their few pixels.
const hasBoth = (await availableEngines()).length > 1;

const BOUNDS = [-0.5, 1.5] as const;

async function attacked(engine: 'native' | 'cpu', attack: Attack) {
  await startEngine({ engine });
  const classifier = randomClasses(5, BOUNDS);
  const images = randomImages([5, 4, 3, 2], BOUNDS);
  const labels = labelsOf(...predictClasses(classifier, images));
  const outcomes = attack.run(classifier, images, labels, {
    strengths: [0.05, 0.7],
    random: randomStream(7, attack.id),
  });
  const read = outcomes.map(({ adversarial, predicted, succeeded }) => ({
    pixels: [...adversarial.dataSync()],
    predicted: [...predicted],
    succeeded: [...succeeded],
  }));
  tf.dispose([images, labels, outcomes.map(({ adversarial }) => adversarial)]);
  return read;
}

describe.runIf(hasBoth)('the native engine', () => {
  it.each(Object.entries<() => Attack>(attacks))(
    'finds the same images as the cpu engine: %s',
    async (id, create) => {
      const attack = (quick[id as AttackId] ?? create)();
      const [native, cpu] = [await attacked('native', attack), await attacked('cpu', attack)];
      cpu.forEach((expected, i) => {
        expect(native[i].predicted).toEqual(expected.predicted);
        expect(native[i].succeeded).toEqual(expected.succeeded);
        expect(native[i].pixels).toBeAllclose(expected.pixels, 1e-3);
      });
    },
  );
});
