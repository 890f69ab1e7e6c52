import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';

/**
 * Runs `body` while the output of `layer` passes through `change`, whatever the model around it looks like.
 *
 * The layer is as it was afterwards, also when something throws.
 *
 * @throws WeightmapError if the layer is used not at all or more than once, or gives several outputs.
 */
export function withChangedOutput<T>(
  layer: tf.layers.Layer,
  change: (output: tf.Tensor, input: tf.Tensor) => tf.Tensor,
  body: () => T,
): T {
  const original = Object.getOwnPropertyDescriptor(layer, 'call');
  const call = layer.call.bind(layer);
  let uses = 0;
  layer.call = (inputs, kwargs) => {
    const output = call(inputs, kwargs);
    uses++;
    const input = Array.isArray(inputs) ? inputs[0] : inputs;
    if (Array.isArray(output)) {
      if (output.length !== 1) throw severalOutputs(layer.name);
      return [change(output[0], input)];
    }
    return change(output, input);
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

/** Runs `body` while `look` sees what each of the layers is given and gives, in the order of the forward pass. */
export function withEyesOn<T>(
  layers: readonly tf.layers.Layer[],
  look: (layer: tf.layers.Layer, output: tf.Tensor, input: tf.Tensor) => void,
  body: () => T,
): T {
  const watched = layers.reduceRight<() => T>((inner, layer) => {
    const change = (output: tf.Tensor, input: tf.Tensor) => {
      look(layer, output, input);
      return output;
    };
    return () => withChangedOutput(layer, change, inner);
  }, body);
  return watched();
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

/** Every layer of a model, those of models that are layers included, which come before their own. */
export const allLayers = (model: tf.LayersModel): tf.layers.Layer[] =>
  model.layers.flatMap((layer) => (layer instanceof tf.LayersModel ? [layer, ...allLayers(layer)] : [layer]));

/** The layers and nodes of a model: its own, or those that a sequential model keeps inside, made when it is built. */
export function graphOf(model: tf.LayersModel): Graph {
  if (!(model instanceof tf.Sequential)) return model;
  if (!model.built) model.build();
  return (model as unknown as { model: Graph }).model;
}

/** What is read of a container of layers. */
interface Graph {
  readonly layers: tf.layers.Layer[];
  readonly containerNodes: ReadonlySet<string>;
  readonly inputs: tf.SymbolicTensor[];
  readonly outputs: tf.SymbolicTensor[];
}
