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
  const [first] = model.inputs;
  const images = tf.input({ name: model.inputNames[0], shape: first.shape.slice(1) });
  const made = new Map([[first.name, images]]);
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
