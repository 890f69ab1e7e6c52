import * as tf from '@tensorflow/tfjs';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { buildVariant, variants, type VariantId } from '../src/index.js';
import { mnist } from './_specs.js';

useEngine();

/** Parameters of a stack of k×k convolutions on one input channel. */
const convolutions = (k: number, ...channels: number[]) =>
  channels.reduce((total, co, i) => total + k * k * (channels[i - 1] ?? 1) * co + co, 0);

/** Parameters of a stack of weight maps: one weight an input pixel and channel pair, one bias an output. */
const weightMaps = (shrinkage: number, ...channels: number[]) =>
  channels.reduce((total, co, i) => {
    const [side, next] = [28 - shrinkage * i, 28 - shrinkage * (i + 1)];
    return total + side * side * (channels[i - 1] ?? 1) * co + next * next * co;
  }, 0);

/** Parameters of the two fully connected layers over 8 maps of this side. */
const head = (side: number) => side * side * 8 * 64 + 64 + (64 * 10 + 10);

/** The counts that the paper prints rounded, and the same from the sizes of the layers. */
const expected: [id: VariantId, trainable: number, formula: number][] = [
  ['cnn-wide', 1_187_030, convolutions(3, 200, 500, 8) + head(22)],
  ['cnn-33', 261_070, convolutions(3, 33, 33, 8) + head(22)],
  ['cnn-33-batchnorm', 261_218, convolutions(3, 33, 33, 8) + head(22) + 2 * (33 + 33 + 8)],
  ['cnn-33-k9', 360_862, convolutions(9, 33, 33, 8) + head(22)],
  ['cnn-33-input-scale', 261_854, convolutions(3, 33, 33, 8) + head(22) + 28 * 28],
  ['cnn-smooth-32', 1_157_226, weightMaps(2, 32, 32, 8) + head(22)],
  ['cnn-smooth-32-batchnorm', 1_157_370, weightMaps(2, 32, 32, 8) + head(22) + 2 * (32 + 32 + 8)],
  ['cnn-smooth-32-k9', 1_157_226, weightMaps(2, 32, 32, 8) + head(22)],
  ['cnn-unsharp-32', 1_487_178, weightMaps(0, 32, 32, 8) + head(28)],
];

describe('the CNNs of table 4', () => {
  it('are these nine, in the order of the paper', () => {
    const cnns = variants.filter(({ architecture }) => architecture === 'cnn');
    expect(cnns.map(({ id }) => id)).toEqual(expected.map(([id]) => id));
  });

  it.each(expected)(
    '%s has %i trainable parameters and keeps no tensor when disposed',
    async (id, trainable, formula) => {
      await expectNoLeak(() => {
        const model = buildVariant(id, { spec: mnist, seed: 1 });
        const count = model.trainableWeights.reduce(
          (total, { shape }) => total + tf.util.sizeFromShape(shape as number[]),
          0,
        );
        expect(model.name).toBe(id);
        expect(model.outputs[0].shape).toEqual([null, 10]);
        model.dispose();
        expect(count).toBe(trainable);
        expect(formula).toBe(trainable);
      });
    },
  );
});
