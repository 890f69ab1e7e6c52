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

/** How often a layer is called while `body` runs. */
export function usesOf(layer: tf.layers.Layer, body: () => unknown): number {
  const original = Object.getOwnPropertyDescriptor(layer, 'call');
  const call = layer.call.bind(layer);
  let uses = 0;
  layer.call = (inputs, kwargs) => {
    uses++;
    return call(inputs, kwargs);
  };
  try {
    body();
    return uses;
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

/** A layer, and where it is: the names of the models around it and its own, as in `/backbone/conv1`. */
export interface PlacedLayer {
  readonly layer: tf.layers.Layer;
  readonly path: string;
}

/**
 * The layer of that name, also inside a model that is itself a layer. Where several layers have the name, its path tells which one:
 * `/conv1` is the model's own, `/backbone/conv1` that of the model `backbone` inside it.
 *
 * @throws WeightmapError that lists the names there are, or the paths of the layers of that name.
 */
export function layerNamed(model: tf.LayersModel, name: string): tf.layers.Layer {
  const all = placedLayers(model);
  const named = all.filter(({ layer }) => layer.name === name);
  const placed = all.filter(({ path }) => path === name || (name.includes('/') && path === `/${name}`));
  const one = [named, placed].find((some) => new Set(some.map(({ layer }) => layer)).size === 1);
  if (one) return one[0].layer;
  if (named.length > 0)
    throw new WeightmapError(`${named.length} layers of the model are named "${name}".`, {
      where: named.map(({ path }) => path).join(', '),
      expected: 'a name that one layer has, or the path of a layer',
      fix: `give the path, such as "${named[0].path}"`,
    });
  throw new WeightmapError(`The model has no layer named "${name}".`, {
    expected: `one of ${all.map(({ layer }) => layer.name).join(', ')}`,
  });
}

/** What to call a layer of a model: its name, or its path where other layers have the same name. */
export function layerLabels(model: tf.LayersModel): ReadonlyMap<tf.layers.Layer, string> {
  const all = placedLayers(model);
  const isUnique = ({ layer }: PlacedLayer) =>
    all.every((other) => other.layer === layer || other.layer.name !== layer.name);
  return new Map(all.map((placed) => [placed.layer, isUnique(placed) ? placed.layer.name : placed.path]));
}

/** Every layer of a model, those of models that are layers included, which come before their own. */
export const allLayers = (model: tf.LayersModel): tf.layers.Layer[] =>
  placedLayers(model).map(({ layer }) => layer);

const placedLayers = (model: tf.LayersModel, around = ''): PlacedLayer[] =>
  model.layers.flatMap((layer) => {
    const placed = { layer, path: `${around}/${layer.name}` };
    return layer instanceof tf.LayersModel ? [placed, ...placedLayers(layer, placed.path)] : [placed];
  });

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
