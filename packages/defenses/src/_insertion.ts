import * as tf from '@tensorflow/tfjs';

type Built = tf.SymbolicTensor;

/**
 * Builds a network again with something before some of its layers, with the same initial weights. Disposes the old one.
 *
 * @param before gives what a layer is to get instead of its input, or the input itself.
 */
export function inserted(
  model: tf.LayersModel,
  before: (input: Built, layer: tf.layers.Layer) => Built,
): tf.LayersModel {
  const images = tf.input({ name: model.inputNames[0], shape: model.inputs[0].shape.slice(1) });
  return rebuilt(model, images, images, before);
}

/**
 * Builds a network again with a layer before all others, with the same initial weights. Disposes the old one.
 *
 * @param shape of the images that the layer gets: [height, width, channels].
 * @param layer gives what the network takes.
 */
export function prepended(
  model: tf.LayersModel,
  shape: readonly [number, number, number],
  layer: tf.layers.Layer,
): tf.LayersModel {
  const images = tf.input({ name: model.inputNames[0], shape: [...shape] });
  return rebuilt(model, images, layer.apply(images) as Built, (input) => input);
}

function rebuilt(
  model: tf.LayersModel,
  images: Built,
  taken: Built,
  before: (input: Built, layer: tf.layers.Layer) => Built,
): tf.LayersModel {
  const made = new Map([[model.inputs[0].name, taken]]);
  for (const layer of model.layers) {
    if (layer.getClassName() === 'InputLayer') continue;
    const inputs = [layer.input].flat().map(({ name }) => made.get(name)!);
    const copy = copyOf(layer);
    const given = inputs.map((input) => before(input, layer));
    made.set((layer.output as Built).name, copy.apply(given.length === 1 ? given[0] : given) as Built);
    copy.setWeights(layer.getWeights());
  }
  const outputs = made.get(model.outputs[0].name)!;
  const built = tf.model({ name: model.name, inputs: images, outputs });
  model.dispose();
  return built;
}

/** A layer of the same configuration, whose name and initial weights are the same. */
function copyOf(layer: tf.layers.Layer): tf.layers.Layer {
  const type = layer.constructor as unknown as tf.serialization.SerializableConstructor<tf.layers.Layer> & {
    fromConfig(type: unknown, config: tf.serialization.ConfigDict): tf.layers.Layer;
  };
  return type.fromConfig(type, layer.getConfig());
}
