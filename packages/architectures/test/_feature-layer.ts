import type * as tf from '@tensorflow/tfjs';
import type { FeatureKind } from '../src/index.js';
import { weightsOf } from './_models.js';
import * as reference from './_reference.js';

/** The 3×3 layers of a deep network in plain loops, one after the other, with the weights of the model. */
export function featureLayers(model: tf.LayersModel, kinds: readonly FeatureKind[]) {
  let position = 0;
  return (input: reference.Maps, stride = 1): reference.Maps => {
    const kind = kinds[position++ % kinds.length];
    const weights = weightsOf(model, `${kind}${position}`);
    return kind === 'conv'
      ? reference.convolution(input, weights, 3, 1, stride)
      : reference.weightMap(kind, input, weights, 3, 1, stride);
  };
}

export const mixtures: [string, FeatureKind[]][] = [
  ['convolutions', ['conv']],
  ['smoothing', ['smoothing']],
  ['unsharp', ['unsharp']],
  ['convolutions and smoothing in turn', ['conv', 'smoothing']],
  ['convolutions and unsharp in turn', ['conv', 'unsharp']],
  ['weight maps first', ['unsharp', 'conv']],
];
