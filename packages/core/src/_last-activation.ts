import * as tf from '@tensorflow/tfjs';

/** A symbolic tensor, and what made it. */
interface TracedTensor {
  readonly sourceLayer: tf.layers.Layer;
  readonly nodeIndex: number;
  readonly tensorIndex: number;
}

/** Layers that pass the values of their input on at inference. */
const PASSING = new Set([
  ...['Dropout', 'SpatialDropout1D', 'AlphaDropout', 'GaussianDropout', 'GaussianNoise'],
  ...['Flatten', 'Reshape', 'Permute', 'ActivityRegularization', 'Masking'],
]);

/**
 * The layer that computes a model's output: the last one that does more than pass values on, also within a model that is used as
 * a layer.
 *
 * @param output index of the output.
 */
export function lastLayer(model: tf.LayersModel, output: number): tf.layers.Layer {
  let traced = model.outputs[output] as unknown as TracedTensor;
  for (;;) {
    const { sourceLayer: layer, nodeIndex, tensorIndex } = traced;
    if (layer instanceof tf.LayersModel) traced = layer.outputs[tensorIndex];
    else if (PASSING.has(layer.getClassName()) && layer.inboundNodes[nodeIndex].inputTensors.length > 0)
      traced = layer.inboundNodes[nodeIndex].inputTensors[0];
    else return layer;
  }
}

/** The activation that a model's output has gone through last, such as `softmax` or `linear`; null if it can't be told. */
export function lastActivation(model: tf.LayersModel, output: number): string | null {
  const layer = lastLayer(model, output);
  if (layer.getClassName() === 'Softmax') return 'softmax';
  const { activation } = layer.getConfig();
  if (typeof activation !== 'string') return null;
  return activation.toLowerCase().includes('sigmoid') ? 'sigmoid' : activation;
}
