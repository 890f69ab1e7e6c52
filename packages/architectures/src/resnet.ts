import * as tf from '@tensorflow/tfjs';
import type { BuildOptions, LayerKind } from '@weightmap/core';
import { averageHead, featureLayer, relu } from './_blocks.js';
import { checkKinds, checkSeed, checkSpec, checkWhole } from './_checks.js';
import { featureSequence } from './_feature-sequence.js';

/** Residual blocks of one width. */
export interface ResnetStage {
  /** Output channels of each block. */
  readonly channels: number;
  /** Residual blocks of two 3×3 layers, one after the other. */
  readonly blocks: number;
}

/** What distinguishes the ResNets of tables 5 to 7 from each other. */
export interface ResnetOptions {
  /** What the 3×3 layers are, in turn through the whole network: one kind, or several that alternate. */
  readonly kinds: readonly LayerKind[];
  /** In order; each but the first halves height and width. */
  readonly stages: readonly ResnetStage[];
}

/**
 * The ResNet of table 2: stages of residual blocks, global average pooling, one logit a class.
 *
 *     [batch, height, width, channels] → [batch, classes], unnormalised (no softmax)
 *     block(x) = ReLU(layer(ReLU(layer(x))) + shortcut(x))     (layer: 3×3, 'same' padding)
 *
 * The shortcut is the identity, or a 1×1 convolution where channels or size change. The first layer of
 * each stage but the first has stride 2, and so has the shortcut beside it: ⌈height / 2⌉ × ⌈width / 2⌉,
 * positions 0, 2, 4, … of the stride-1 result. Convolutions and weight map layers agree in that (TensorFlow's
 * 'same' convolution would begin at 1 on even sides). Any image is large enough.
 *
 * The paper leaves open, and here is chosen: ReLU after the addition, as in He et al. (2015); no layer
 * before the first block; shortcuts are convolutions whatever `kinds` are.
 *
 * Layers are named, with i = 1, 2, … counting the 3×3 layers and j = 1, 2, … the blocks (whose layers are
 * 2j − 1 and 2j): `conv<i>` | `smoothing<i>` | `unsharp<i>` (odd ones end in their ReLU), `conv<i>-padding`
 * (before convolutions of stride 2), `projection<j>` (where the shortcut isn't the identity), `add<j>`,
 * `relu<j>`, `global-average`, `logits`. The last feature maps, which Grad-CAM looks at, are those of the
 * last `relu<j>`.
 *
 * Equal seeds give equal weights on every engine.
 *
 * The caller owns the model: `model.dispose()`.
 *
 * @throws WeightmapError if an option, the image's shape or the seed is invalid.
 * @see paper, table 2 and section 4; He et al., 2015
 */
export function buildResnet({
  spec,
  options: { kinds, stages },
  seed,
  name = 'resnet',
}: BuildOptions<ResnetOptions>): tf.LayersModel {
  checkSpec(spec);
  checkSeed(seed);
  checkKinds(kinds);
  checkStages(stages);

  const images = tf.input({ name: 'images', shape: [spec.height, spec.width, spec.channels] });
  const layer = featureSequence(kinds, seed);
  let x = images;
  let position = 0;
  stages.forEach(({ channels, blocks }, stage) => {
    for (let i = 0; i < blocks; i++) {
      const strides = stage > 0 && i === 0 ? 2 : 1;
      x = residualBlock(x, { layer, position: ++position, filters: channels, strides, seed });
    }
  });
  const logits = averageHead(x, { classes: spec.classes.length, seed });
  return tf.model({ name, inputs: images, outputs: logits });
}

interface BlockOptions {
  layer: ReturnType<typeof featureSequence>;
  position: number;
  filters: number;
  strides: number;
  seed: number;
}

/** ReLU(layer(ReLU(layer(x))) + shortcut(x)). */
function residualBlock(x: tf.SymbolicTensor, options: BlockOptions): tf.SymbolicTensor {
  const { layer, position, filters, strides } = options;
  const { output: hidden } = layer(x, { filters, strides, activation: 'relu' });
  const { output: residual } = layer(hidden, { filters });
  const sum = tf.layers.add({ name: `add${position}` }).apply([residual, shortcut(x, options)]);
  return relu(sum as tf.SymbolicTensor, `relu${position}`);
}

function shortcut(
  x: tf.SymbolicTensor,
  { position, filters, strides, seed }: BlockOptions,
): tf.SymbolicTensor {
  if (strides === 1 && x.shape[3] === filters) return x;
  const name = `projection${position}`;
  return featureLayer(x, { kind: 'conv', name, filters, kernelSize: 1, padding: 0, strides, seed });
}

function checkStages(stages: readonly ResnetStage[]): void {
  checkWhole(stages.length, 'The number of stages');
  stages.forEach(({ channels, blocks }, i) => {
    checkWhole(channels, `The number of channels of stage ${i + 1}`);
    checkWhole(blocks, `The number of blocks of stage ${i + 1}`);
  });
}
