import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { layerNamed, withChangedOutput } from './_tap.js';

export interface GradCamOptions {
  /** Name of the layer that is looked at; its output must be [batch, height, width, channels]. */
  layer: string;
  /** [batch], the classes to explain. Default: those the model predicts. */
  classIndex?: readonly number[];
}

export interface GradCamResult {
  /** Row-major, each map in [0, 1]. */
  readonly heatmaps: Float32Array;
  /** [batch, height, width], of the layer's output. */
  readonly shape: readonly [number, number, number];
  /** [batch], the classes explained. */
  readonly classIndex: readonly number[];
  /** [batch], the softmax probability of each explained class. */
  readonly probabilities: Float32Array;
}

/**
 * Grad-CAM: which places of a layer's output A speak for a class.
 *
 * α_c = mean over places of ∂z_class/∂A[·, ·, c];  map = ReLU(Σ_c α_c·A[·, ·, c]), divided by its largest value.
 * A map that is 0 everywhere stays so. z is the logit, not the probability.
 *
 * The derivative is taken at the layer's output itself, by adding zeros to it and differentiating by them, so that any
 * topology will do. The model is left as it was and nothing else is kept.
 *
 * @param model maps [batch, height, width, channels] to logits [batch, classes].
 * @throws WeightmapError if there is no such layer, its output has no places, it is used twice, a class is none of
 *   the model's, or the logits or the map are not finite.
 * Source: Selvaraju et al., arXiv:1610.02391, equations 1 and 2; paper, figure 5.
 */
export function gradCam(
  model: tf.LayersModel,
  images: tf.Tensor4D,
  { layer: name, classIndex }: GradCamOptions,
): GradCamResult {
  const layer = layerNamed(model, name);
  let result: GradCamResult | undefined;
  tf.tidy(() => {
    result = explain(layer, () => model.apply(images, { training: false }) as tf.Tensor2D, classIndex);
  });
  return result as GradCamResult;
}

function explain(
  layer: tf.layers.Layer,
  forward: () => tf.Tensor2D,
  wanted: readonly number[] | undefined,
): GradCamResult {
  const { activation, logits } = observe(layer, forward);
  const classIndex = checkClasses(wanted ?? [...logits.argMax(1).dataSync()], logits.shape);
  const chosen = tf.oneHot(tf.tensor1d([...classIndex], 'int32'), logits.shape[1]).cast('float32');
  const gradient = tf.grad((zeros) =>
    withChangedOutput(
      layer,
      (output) => output.add(zeros),
      () => forward().mul(chosen).sum(),
    ),
  )(tf.zerosLike(activation));

  const map = activation
    .mul(gradient.mean([1, 2], true))
    .sum(3)
    .relu();
  const largest = map.max([1, 2], true);
  const probabilities = logits.softmax().mul(chosen).sum(1).dataSync<'float32'>();
  if (![...probabilities, ...largest.dataSync()].every(Number.isFinite))
    throw new WeightmapError('Grad-CAM met numbers that are not finite.', {
      where: `the layer "${layer.name}", its gradient or the logits`,
    });
  return {
    heatmaps: map.div(largest.add(largest.equal(0).cast('float32'))).dataSync<'float32'>(),
    shape: activation.shape.slice(0, 3) as [number, number, number],
    classIndex,
    probabilities,
  };
}

/** A forward pass, and what the layer gave in it. */
function observe(layer: tf.layers.Layer, forward: () => tf.Tensor2D) {
  const seen: tf.Tensor[] = [];
  try {
    // A model disposes what its layers give; a kept copy outlives that, and a copy of it is the caller's.
    const keepCopy = (output: tf.Tensor) => {
      seen.push(tf.keep(output.clone()));
      return output;
    };
    const logits = withChangedOutput(layer, keepCopy, forward);
    return { logits, activation: checkSpatial(seen[0].clone(), layer.name) };
  } finally {
    tf.dispose(seen);
  }
}

function checkSpatial(output: tf.Tensor, name: string): tf.Tensor4D {
  if (output.rank !== 4)
    throw new WeightmapError(
      `The output of the layer "${name}" has no places to map: [${output.shape.join(', ')}].`,
      {
        expected: '[batch, height, width, channels]',
        fix: 'choose a convolution or a weight map layer',
      },
    );
  return output as tf.Tensor4D;
}

function checkClasses(classIndex: readonly number[], [batch, classes]: number[]): readonly number[] {
  const wrong = classIndex.find((index) => !(Number.isInteger(index) && index >= 0 && index < classes));
  if (wrong !== undefined || classIndex.length !== batch)
    throw new WeightmapError(
      wrong === undefined
        ? `There are ${classIndex.length} classes to explain.`
        : `There is no class ${wrong}.`,
      { where: 'classIndex', expected: `one index of 0 … ${classes - 1} for each of ${batch} images` },
    );
  return classIndex;
}
