import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';

/**
 * Runs `body` while every output of `layer` passes through `change`, whatever the model around it looks like.
 *
 * The layer is as it was afterwards, also when something throws.
 *
 * @throws WeightmapError if the layer is used not at all or more than once, or gives several outputs.
 */
export function withChangedOutput<T>(
  layer: tf.layers.Layer,
  change: (output: tf.Tensor) => tf.Tensor,
  body: () => T,
): T {
  const original = Object.getOwnPropertyDescriptor(layer, 'call');
  const call = layer.call.bind(layer);
  let uses = 0;
  layer.call = (inputs, kwargs) => {
    const output = call(inputs, kwargs);
    uses++;
    if (Array.isArray(output)) {
      if (output.length !== 1) throw severalOutputs(layer.name);
      return [change(output[0])];
    }
    return change(output);
  };
  try {
    const result = body();
    if (uses !== 1)
      throw new WeightmapError(`The layer "${layer.name}" is used ${uses} times in a forward pass.`, {
        expected: 'once',
        fix: 'choose a layer that is neither an input nor shared',
      });
    return result;
  } finally {
    if (original) Object.defineProperty(layer, 'call', original);
    else delete (layer as { call?: unknown }).call;
  }
}

const severalOutputs = (name: string) =>
  new WeightmapError(`The layer "${name}" gives several outputs.`, { expected: 'one' });

/**
 * The layer of that name, also inside a model that is itself a layer.
 *
 * @throws WeightmapError that lists the names there are.
 */
export function layerNamed(model: tf.LayersModel, name: string): tf.layers.Layer {
  const all = allLayers(model);
  const found = all.find((layer) => layer.name === name);
  if (!found)
    throw new WeightmapError(`The model has no layer named "${name}".`, {
      expected: `one of ${all.map((layer) => layer.name).join(', ')}`,
    });
  return found;
}

const allLayers = (model: tf.LayersModel): tf.layers.Layer[] =>
  model.layers.flatMap((layer) => (layer instanceof tf.LayersModel ? [layer, ...allLayers(layer)] : [layer]));
