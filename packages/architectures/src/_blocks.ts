import * as tf from '@tensorflow/tfjs';
import { randomStream, type LayerKind } from '@weightmap/core';
import { smoothingWeightMap, unsharpWeightMap, type FanInRule } from '@weightmap/wm-layers';

export interface FeatureLayerOptions {
  kind: LayerKind;
  name: string;
  /** Output channels. */
  filters: number;
  /** Side of the square kernel, in pixels. */
  kernelSize: number;
  /** `same` keeps the size where the stride is 1; a number is the pixels of zeros at every border. */
  padding: 'same' | number;
  /** Keeps every s-th row and column of what stride 1 gives, beginning with the first. Default 1. */
  strides?: number;
  activation?: 'relu' | 'linear';
  /** What counts as the fan-in of a weight map layer; convolutions have one reading only. */
  fanIn?: FanInRule;
  /** Of the whole network; the layer draws from its own stream, named after it. */
  seed: number;
}

/**
 * One k×k convolution or weight map layer: [batch, height, width, channels] → [batch, height', width', filters].
 *
 * Every kind samples the same positions: with 'same' padding, ⌈height / s⌉ × ⌈width / s⌉ of them.
 */
export function featureLayer(
  x: tf.SymbolicTensor,
  {
    kind,
    name,
    filters,
    kernelSize,
    padding,
    strides = 1,
    activation = 'linear',
    fanIn,
    seed,
  }: FeatureLayerOptions,
): tf.SymbolicTensor {
  if (kind === 'conv')
    return convolution(x, { name, filters, kernelSize, padding, strides, activation, seed });
  const weightMap = kind === 'smoothing' ? smoothingWeightMap : unsharpWeightMap;
  return weightMap({
    name,
    filters,
    kernelSize,
    padding: padding || 'valid',
    strides,
    activation,
    fanIn,
    seed: layerStream(seed, name).seed(),
  }).apply(x) as tf.SymbolicTensor;
}

function convolution(
  x: tf.SymbolicTensor,
  {
    name,
    filters,
    kernelSize,
    padding,
    strides,
    activation,
    seed,
  }: Omit<Required<FeatureLayerOptions>, 'kind' | 'fanIn'>,
): tf.SymbolicTensor {
  const border = borderOf(padding, kernelSize, strides);
  const layer = tf.layers.conv2d({
    name,
    filters,
    kernelSize,
    padding: border === 'same' ? 'same' : 'valid',
    strides,
    activation,
    ...uniformInitializers(seed, name, x.shape[3]! * kernelSize ** 2),
  });
  // TensorFlow.js convolutions know only 'valid' and 'same'; other borders are a layer of their own.
  const padded =
    border === 'same' || border === 0
      ? x
      : tf.layers.zeroPadding2d({ name: `${name}-padding`, padding: border }).apply(x);
  return layer.apply(padded) as tf.SymbolicTensor;
}

/**
 * TensorFlow's 'same' isn't that of stride 1 sampled: on an even side a stride of 2 begins at the second row.
 * Equal borders begin at the first, as the weight map layers do.
 */
const borderOf = (padding: 'same' | number, kernelSize: number, strides: number): 'same' | number =>
  padding === 'same' && strides > 1 ? (kernelSize - 1) / 2 : padding;

/** Global average pooling, then a logit for each class: [batch, height, width, channels] → [batch, classes]. */
export function averageHead(
  x: tf.SymbolicTensor,
  { classes, seed }: { classes: number; seed: number },
): tf.SymbolicTensor {
  const features = tf.layers.globalAveragePooling2d({ name: 'global-average' }).apply(x) as tf.SymbolicTensor;
  return denseLayer(features, { name: 'logits', units: classes, seed });
}

/** A fully connected layer: [batch, inputs] → [batch, units]. */
export function denseLayer(
  x: tf.SymbolicTensor,
  {
    name,
    units,
    activation = 'linear',
    seed,
  }: { name: string; units: number; activation?: 'relu' | 'linear'; seed: number },
): tf.SymbolicTensor {
  const initializers = uniformInitializers(seed, name, x.shape[1]!);
  return tf.layers.dense({ name, units, activation, ...initializers }).apply(x) as tf.SymbolicTensor;
}

/**
 * Batch normalisation (Ioffe and Szegedy, 2015) over the channels; 2 trainable numbers a channel.
 *
 * The paper names no momentum and no epsilon: 0.9 and 1e-5 are PyTorch's defaults (chosen), whose
 * `momentum=0.1` is the share of the new value, not of the old.
 */
export const batchNorm = (x: tf.SymbolicTensor, name: string): tf.SymbolicTensor =>
  tf.layers.batchNormalization({ name, momentum: 0.9, epsilon: 1e-5 }).apply(x) as tf.SymbolicTensor;

export const relu = (x: tf.SymbolicTensor, name: string): tf.SymbolicTensor =>
  tf.layers.activation({ name, activation: 'relu' }).apply(x) as tf.SymbolicTensor;

const layerStream = (seed: number, layer: string) => randomStream(seed, 'init', layer);

/**
 * Weights and biases ~ U(−s, s), s = 1/√fan_in: the rule that the paper gives for its own layer,
 * taken for convolutions and fully connected layers too (chosen).
 */
function uniformInitializers(seed: number, layer: string, fanIn: number) {
  const stream = layerStream(seed, layer);
  const bound = 1 / Math.sqrt(fanIn);
  const uniform = () => tf.initializers.randomUniform({ minval: -bound, maxval: bound, seed: stream.seed() });
  return { kernelInitializer: uniform(), biasInitializer: uniform() };
}
