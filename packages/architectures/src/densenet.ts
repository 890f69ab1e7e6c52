import * as tf from '@tensorflow/tfjs';
import { WeightmapError, type BuildOptions, type LayerKind } from '@weightmap/core';
import { averageHead } from './_blocks.js';
import { checkKinds, checkSeed, checkSpec, checkWhole } from './_checks.js';
import { featureSequence } from './_feature-sequence.js';

/** What distinguishes the DenseNets of tables 5 to 7 from each other. */
export interface DensenetOptions {
  /** What the 3×3 layers are, in turn through the whole network: one kind, or several that alternate. */
  readonly kinds: readonly LayerKind[];
  /** Output channels of the first layer. */
  readonly stem: number;
  /** Output channels of each dense layer. */
  readonly growth: number;
  /** Dense layers of each size, in order; max pooling between them halves height and width. */
  readonly denseLayers: readonly number[];
}

/**
 * The DenseNet of table 3: a first layer, dense layers with max pooling between, global average pooling,
 * one logit a class.
 *
 *     [batch, height, width, channels] → [batch, classes], unnormalised (no softmax)
 *     dense(x) = [x, ReLU(layer(x))], side by side in the channels     (layer: 3×3, 'same' padding)
 *
 * The pooling takes 2×2 pixels with stride 2 and leaves an odd row or column out: ⌊height / 2⌋ × ⌊width / 2⌋.
 *
 * Layers are named, with i = 1, 2, … counting the 3×3 layers: `conv<i>` | `smoothing<i>` | `unsharp<i>` (each
 * ends in its ReLU), `concat<i>` (behind dense layer i, i ≥ 2), `pool<j>`, `global-average`, `logits`. The last
 * feature maps, which Grad-CAM looks at, are those of the last `concat<i>`: all channels that are averaged,
 * each after its ReLU, not the last layer's few alone.
 *
 * Equal seeds give equal weights on every engine.
 *
 * The caller owns the model: `model.dispose()`.
 *
 * @throws WeightmapError if the image is too small, or an option, the image's shape or the seed is invalid.
 * @see paper, table 3 and section 4; Huang et al., 2016
 */
export function buildDensenet({
  spec,
  options,
  seed,
  name = 'densenet',
}: BuildOptions<DensenetOptions>): tf.LayersModel {
  checkSpec(spec);
  checkSeed(seed);
  checkOptions(options);
  checkSize(spec, options);

  const images = tf.input({ name: 'images', shape: [spec.height, spec.width, spec.channels] });
  const layer = featureSequence(options.kinds, seed);
  let x = layer(images, { filters: options.stem, activation: 'relu' }).output;
  options.denseLayers.forEach((count, i) => {
    if (i > 0) x = halve(x, `pool${i}`);
    for (let j = 0; j < count; j++) {
      const { output, position } = layer(x, { filters: options.growth, activation: 'relu' });
      const join = tf.layers.concatenate({ name: `concat${position}` });
      x = join.apply([x, output]) as tf.SymbolicTensor;
    }
  });
  const logits = averageHead(x, { classes: spec.classes.length, seed });
  return tf.model({ name, inputs: images, outputs: logits });
}

const halve = (x: tf.SymbolicTensor, name: string): tf.SymbolicTensor =>
  tf.layers.maxPooling2d({ name, poolSize: 2, strides: 2 }).apply(x) as tf.SymbolicTensor;

function checkOptions({ kinds, stem, growth, denseLayers }: DensenetOptions): void {
  checkKinds(kinds);
  checkWhole(stem, 'The number of channels of the first layer');
  checkWhole(growth, 'The growth rate');
  checkWhole(denseLayers.length, 'The number of groups of dense layers');
  denseLayers.forEach((count, i) => checkWhole(count, `The number of dense layers in group ${i + 1}`));
}

function checkSize(
  { height, width }: { height: number; width: number },
  { denseLayers }: DensenetOptions,
): void {
  const poolings = denseLayers.length - 1;
  const least = 2 ** poolings;
  if (Math.min(height, width) < least)
    throw new WeightmapError('The images are too small for this network.', {
      where: `${height}×${width} pixels`,
      expected: `at least ${least}×${least}: each of its ${poolings} poolings halves the image, rounded down`,
      fix: 'Use larger images, or fewer groups of dense layers.',
    });
}
