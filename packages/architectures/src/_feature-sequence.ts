import type { LayerKind } from '@weightmap/core';
import type * as tf from '@tensorflow/tfjs';
import { featureLayer, type FeatureLayerOptions } from './_blocks.js';

type LayerOptions = Pick<FeatureLayerOptions, 'filters' | 'strides' | 'activation'>;

/**
 * The 3×3 layers of a deep network, 'same' padding: each call adds the next one, named `<kind><i>`, i = 1, 2, …
 *
 * @param kinds take turns: `['conv', 'smoothing']` makes the layers 1, 3, 5, … convolutions.
 */
export function featureSequence(
  kinds: readonly LayerKind[],
  seed: number,
): (x: tf.SymbolicTensor, options: LayerOptions) => { output: tf.SymbolicTensor; position: number } {
  let position = 0;
  return (x, options) => {
    const kind = kinds[position++ % kinds.length];
    const name = `${kind}${position}`;
    const output = featureLayer(x, { kind, name, kernelSize: 3, padding: 'same', seed, ...options });
    return { output, position };
  };
}
