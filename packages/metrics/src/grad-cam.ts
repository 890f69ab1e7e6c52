import * as tf from '@tensorflow/tfjs';
import {
  asClassifier,
  checkClassifier,
  checkedImages,
  compiledSteps,
  WeightmapError,
  type Classifier,
} from '@weightmap/core';
import { layerNamed, usesOf, withChangedOutput } from './_tap.js';

/** The layer and the classes that Grad-CAM explains. */
export interface GradCamOptions {
  /**
   * Name of the layer that is looked at, or its path, such as `/backbone/conv1`, if several layers have the name; its output must be
   * [batch, height, width, channels].
   */
  layer: string;
  /** [batch], the classes to explain. Default: those the model predicts. */
  classIndex?: readonly number[];
  /**
   * A classifier made of the model. A compiled one makes of each call one call of the engine. Images must lie within its bounds.
   * Default: none, and any finite pixels.
   */
  classifier?: Classifier;
}

/** The heat maps of a batch, read from the engine. */
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
 * Computes Grad-CAM heat maps: the places of a layer's output A that support a class.
 *
 * α_c = mean over places of ∂z_class/∂A[·, ·, c];  map = ReLU(Σ_c α_c·A[·, ·, c]), divided by its largest value.
 * A map that is 0 everywhere stays so. z is the logit, not the probability.
 *
 * The derivative is taken at the layer's output itself, whatever the topology around it. The model is left as it was and
 * nothing else is kept. With a compiled classifier, forward pass, gradient and map are one call for each batch; the same
 * numbers up to rounding.
 *
 * @param model maps [batch, height, width, channels] to logits [batch, classes].
 * @param images [batch, height, width, channels] within the bounds that the model is made for.
 * @throws WeightmapError if there is no such layer or several, its output has no places, it is used not at all or twice, the
 *   images don't fit the classifier, a class is none of the model's, the model gives probabilities and no classifier is given, or the logits or the map are not finite.
 * Source: Selvaraju et al., arXiv:1610.02391, equations 1 and 2; paper, figure 5.
 */
export function gradCam(
  model: tf.LayersModel,
  images: tf.Tensor4D,
  { layer: name, classIndex, classifier }: GradCamOptions,
): GradCamResult {
  const layer = layerNamed(model, name);
  const explained = classifier ?? madeOf(model, images);
  checkClassifier(explained);
  const logits = (x: tf.Tensor4D) => explained.logits(x);
  const plain = (inputs: Explained) => explain(layer, logits, inputs);
  const step = classifier ? steps(classifier, () => plain, layer) : plain;
  const { classes } = explained;
  if (classIndex) checkClasses(classIndex, images.shape[0], classes);
  let result: GradCamResult | undefined;
  tf.tidy(() => {
    const chosen = classIndex && { chosen: tf.oneHot(tf.tensor1d([...classIndex], 'int32'), classes) };
    const pixels = checkedImages(explained, images);
    result = read(layer, step({ images: pixels, ...chosen }));
  });
  return result as GradCamResult;
}

/**
 * Whether a classifier made of a model passes images through a layer of it exactly once, as `gradCam` needs. What is put around a model may
 * go other ways: it may use the weights without the layer, or classify several versions of an image.
 *
 * @param name as `GradCamOptions.layer`.
 * @param classifier not compiled: a compiled one calls no layers.
 * @throws WeightmapError if there is no such layer, or several.
 */
export function passesOnce(model: tf.LayersModel, name: string, classifier: Classifier): boolean {
  const { inputShape, bounds } = classifier;
  const classify = () => tf.tidy(() => void classifier.logits(tf.fill([1, ...inputShape], bounds[0])));
  return usesOf(layerNamed(model, name), classify) === 1;
}

/** Nothing is known of the pixels that the model is made for. */
const ANY: readonly [number, number] = [-3.4e38, 3.4e38];

function madeOf(model: tf.LayersModel, images: tf.Tensor4D): Classifier {
  const isOpen = model.inputs[0].shape.slice(1).includes(null);
  const inputShape = isOpen ? (images.shape.slice(1) as [number, number, number]) : undefined;
  return asClassifier(model, { bounds: ANY, ...(inputShape && { inputShape }) });
}

/** What is explained. Without `chosen`, [batch, classes] with a 1 at the class, it is the prediction. */
type Explained = { readonly images: tf.Tensor4D; readonly chosen?: tf.Tensor };

/** All of a batch that is read afterwards; `largest`: [batch, 1, 1], before the maps are divided by it. */
type Explanation = Readonly<Record<'heatmaps' | 'largest' | 'classes' | 'probabilities', tf.Tensor>>;

const steps = compiledSteps<Explained, Explanation>();

/** Reads nothing and keeps nothing, so that it can be compiled. */
function explain(
  layer: tf.layers.Layer,
  forward: (images: tf.Tensor4D) => tf.Tensor2D,
  { images, chosen }: Explained,
): Explanation {
  return tf.tidy(() => {
    const { output, logits } = observe(layer, () => forward(images));
    const hot = (chosen ?? tf.oneHot(logits.argMax(1), logits.shape[1])).cast('float32');
    const gradient = gradientAt(layer, () => forward(images).mul(hot).sum());
    const map = output
      .mul(gradient.mean([1, 2], true))
      .sum(3)
      .relu();
    const largest = map.max([1, 2], true);
    return {
      heatmaps: map.div(largest.add(largest.equal(0).cast('float32'))),
      largest,
      classes: hot.argMax(1),
      probabilities: logits.softmax().mul(hot).sum(1),
    };
  });
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
    return { logits, output: checkSpatial(seen[0].clone(), layer.name) };
  } finally {
    tf.dispose(seen);
  }
}

/**
 * The derivative of a forward pass by the layer's output.
 *
 * The output goes through an operation that sees its gradient come back. What is differentiated by is a 0 that takes no
 * part in it: the gradient then runs this far and no further, and nothing need be known of the output beforehand. A
 * pass that is a copy of another is computed once in a graph.
 */
function gradientAt(layer: tf.layers.Layer, forward: () => tf.Tensor): tf.Tensor {
  let seen: tf.Tensor | undefined;
  const spy = tf.customGrad((output, zero) => ({
    value: (output as tf.Tensor).clone(),
    gradFunc: (dy: tf.Tensor) => {
      seen = tf.keep(dy.clone());
      return [dy, tf.zerosLike(zero as tf.Tensor)];
    },
  }));
  try {
    tf.grad((zero) => withChangedOutput(layer, (output) => spy(output, zero), forward))(tf.scalar(0));
    return seen!.clone();
  } finally {
    seen?.dispose();
  }
}

/** What the engine made of a batch, read and checked. */
function read(
  layer: tf.layers.Layer,
  { heatmaps, largest, classes, probabilities }: Explanation,
): GradCamResult {
  const result = {
    heatmaps: heatmaps.dataSync<'float32'>(),
    shape: heatmaps.shape as [number, number, number],
    classIndex: [...classes.dataSync()],
    probabilities: probabilities.dataSync<'float32'>(),
  };
  if (![...result.probabilities, ...largest.dataSync()].every(Number.isFinite))
    throw new WeightmapError('Grad-CAM met numbers that are not finite.', {
      where: `the layer "${layer.name}", its gradient or the logits`,
    });
  return result;
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

function checkClasses(classIndex: readonly number[], batch: number, classes: number): void {
  const wrong = classIndex.find((index) => !(Number.isInteger(index) && index >= 0 && index < classes));
  if (wrong !== undefined || classIndex.length !== batch)
    throw new WeightmapError(
      wrong === undefined
        ? `There are ${classIndex.length} classes to explain.`
        : `There is no class ${wrong}.`,
      { where: 'classIndex', expected: `one index of 0 … ${classes - 1} for each of ${batch} images` },
    );
}
