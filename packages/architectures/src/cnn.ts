import * as tf from '@tensorflow/tfjs';
import { WeightmapError, type BuildOptions, type LayerKind } from '@weightmap/core';
import { inputScale, type FanInRule } from '@weightmap/wm-layers';
import { batchNorm, denseLayer, featureLayer, relu } from './_blocks.js';
import { checkKind, checkSeed, checkSpec, checkWhole } from './_checks.js';

/** What distinguishes the CNNs of table 4 from each other. */
export interface CnnOptions {
  /** What its feature layers are. */
  readonly kind: LayerKind;
  /** Output channels of each feature layer, in order. */
  readonly channels: readonly number[];
  /** Side of the square kernel of every feature layer, in pixels: odd, at least 3. */
  readonly kernelSize: number;
  /** Batch normalisation before each nonlinearity of the feature layers. Default false. */
  readonly batchNorm?: boolean;
  /** Multiply the image by a learned weight map first. Default false. */
  readonly inputScale?: boolean;
  /**
   * What counts as the fan-in of the weight map layers, by which their initial weights are bounded: the paper leaves it open.
   * Default `window`, as for a convolution. Refused for convolutions, which have one reading only.
   */
  readonly fanIn?: FanInRule;
}

/** Units of the hidden fully connected layer. */
const HIDDEN_UNITS = 64;

/** Rows, and columns, that a layer without 'same' padding takes away. */
const SHRINKAGE = 2;

/**
 * The CNN of table 1: feature layers with ReLU, then 64 fully connected units with ReLU, then one
 * logit a class.
 *
 *     [batch, height, width, channels] → [batch, classes], unnormalised (no softmax)
 *
 * Convolutions and smoothing layers shrink the image by two rows and columns whatever the kernel
 * (zeros of (kernelSize − 3)/2 at the borders), unsharp layers keep its size: the layouts that give the
 * paper's numbers of parameters.
 *
 * Layers are named, for i = 1, 2, …: `input-scale`, `conv<i>` | `smoothing<i>` | `unsharp<i>`,
 * `conv<i>-padding` (before convolutions of wider kernels), `batchnorm<i>` and `relu<i>` (with batch
 * normalisation only; otherwise the feature layer ends in its ReLU), `flatten`, `fc1`, `logits`.
 *
 * Equal seeds give equal weights on every engine.
 *
 * The caller owns the model: `model.dispose()`.
 *
 * @throws WeightmapError if the image is too small, or an option, the image's shape or the seed is invalid.
 * @see paper, table 1 and section 4
 */
export function buildCnn({ spec, options, seed, name = 'cnn' }: BuildOptions<CnnOptions>): tf.LayersModel {
  checkSpec(spec);
  checkSeed(seed);
  checkOptions(options);
  checkSize(spec, options);

  const images = tf.input({ name: 'images', shape: [spec.height, spec.width, spec.channels] });
  let x = images;
  if (options.inputScale) x = inputScale({ name: 'input-scale' }).apply(x) as tf.SymbolicTensor;
  options.channels.forEach(
    (filters, i) => (x = featureBlock(x, { filters, position: i + 1, options, seed })),
  );
  x = tf.layers.flatten({ name: 'flatten' }).apply(x) as tf.SymbolicTensor;
  x = denseLayer(x, { name: 'fc1', units: HIDDEN_UNITS, activation: 'relu', seed });
  const logits = denseLayer(x, { name: 'logits', units: spec.classes.length, seed });
  return tf.model({ name, inputs: images, outputs: logits });
}

/** Feature layer, batch normalisation if wanted, ReLU. */
function featureBlock(
  x: tf.SymbolicTensor,
  {
    filters,
    position,
    options,
    seed,
  }: { filters: number; position: number; options: CnnOptions; seed: number },
): tf.SymbolicTensor {
  const { kind, kernelSize } = options;
  const features = featureLayer(x, {
    kind,
    name: `${kind}${position}`,
    filters,
    kernelSize,
    padding: kind === 'unsharp' ? 'same' : (kernelSize - 1 - SHRINKAGE) / 2,
    activation: options.batchNorm ? 'linear' : 'relu',
    fanIn: options.fanIn,
    seed,
  });
  if (!options.batchNorm) return features;
  return relu(batchNorm(features, `batchnorm${position}`), `relu${position}`);
}

function checkOptions({ kind, channels, kernelSize, fanIn }: CnnOptions): void {
  checkKind(kind);
  if (kind === 'conv' && fanIn !== undefined)
    throw new WeightmapError('A convolution has one reading of its fan-in.', {
      where: `fanIn: ${fanIn}`,
      expected: 'no `fanIn`, or a weight map layer as `kind`',
    });
  checkWhole(channels.length, 'The number of feature layers');
  channels.forEach((filters, i) => checkWhole(filters, `The number of channels of feature layer ${i + 1}`));
  checkWhole(kernelSize, 'The kernel size', { from: 3 });
  if (kernelSize % 2 === 0)
    throw new WeightmapError(`The kernel size is ${kernelSize}.`, {
      where: 'kernelSize',
      expected: 'an odd number, so that the kernel has a centre',
    });
}

function checkSize(
  { height, width }: { height: number; width: number },
  { kind, channels }: CnnOptions,
): void {
  const least = kind === 'unsharp' ? 1 : 1 + SHRINKAGE * channels.length;
  if (Math.min(height, width) < least)
    throw new WeightmapError('The images are too small for this network.', {
      where: `${height}×${width} pixels`,
      expected: `at least ${least}×${least}: each of its ${channels.length} ${kind} layers takes ${SHRINKAGE} rows and ${SHRINKAGE} columns away`,
      fix: 'Use larger images, fewer layers, or unsharp layers, which keep the size.',
    });
}
