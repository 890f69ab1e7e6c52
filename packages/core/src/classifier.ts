import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from './errors.js';

/** What a compiled function may give: a tensor, or several, in order or by name. */
export type Tensors = tf.Tensor | readonly tf.Tensor[] | { readonly [name: string]: tf.Tensor };

/**
 * What an attack or a metric needs to know of a model: a differentiable function from images to
 * logits, and the range that valid pixels lie in.
 */
export interface Classifier {
  /** Number of classes: the length of a row of logits. */
  readonly classes: number;
  /**
   * Classes that count as an answer, the first ones; the others abstain: the NULL class of a classifier that may reject an
   * image, for example. Default: all.
   */
  readonly answers?: number;
  /** [height, width, channels]. */
  readonly inputShape: readonly [number, number, number];
  /** Smallest and largest valid pixel. */
  readonly bounds: readonly [low: number, high: number];
  /**
   * The same classifier with other random numbers, fixed in each: attacks follow the mean of their gradients. Default: none, for a
   * classifier that is deterministic.
   */
  readonly draws?: readonly Pick<Classifier, 'logits'>[];
  /**
   * @param images [batch, height, width, channels] within the bounds.
   * @returns [batch, classes], unnormalised (no softmax).
   */
  logits(images: tf.Tensor4D): tf.Tensor2D;
  /**
   * Makes a function of this classifier's logits faster, a gradient for example; absent where nothing does.
   *
   * @param step a function of its inputs and the classifier alone, whose values it reads nowhere.
   * @returns the same function, to be kept and called again with inputs of the same shapes; it lives as long as
   *   the classifier.
   */
  readonly compile?: <Inputs extends Readonly<Record<string, tf.Tensor>>, Result extends Tensors>(
    step: (inputs: Inputs) => Result,
  ) => (inputs: Inputs) => Result;
}

/** Which pixels a model takes. */
export interface AsClassifierOptions {
  /** Smallest and largest valid pixel: images are scaled to them, and strengths of attacks are in their units. Default [0, 1]. */
  bounds?: readonly [low: number, high: number];
}

/**
 * A Layers model as a classifier, in inference mode (batch normalisation by its moving statistics).
 *
 * @param model maps [batch, height, width, channels] to logits [batch, classes].
 * @throws WeightmapError if the model ends in a softmax or a sigmoid, has a single output, or the bounds are no range.
 */
export function asClassifier(model: tf.LayersModel, options: AsClassifierOptions = {}): Classifier {
  const frame = frameOf(model, options);
  const activation = lastActivation(model);
  if (activation === 'softmax')
    throw new WeightmapError('The model gives probabilities: it ends in a softmax.', {
      expected: 'logits [batch, classes], which attacks and metrics need',
      fix: 'build a model to the layer before the softmax, tf.model({ inputs, outputs }); or take fromProbabilities(model), which is numerically worse',
    });
  if (activation === 'sigmoid')
    throw new WeightmapError('The model ends in a sigmoid.', {
      expected: 'logits [batch, classes], one for each class, which attacks and metrics need',
      fix: 'build a model to the layer before the sigmoid, tf.model({ inputs, outputs })',
    });
  return { ...frame, logits: (images) => model.apply(images, { training: false }) as tf.Tensor2D };
}

/** The least probability that has a logarithm of its own. */
const LEAST_PROBABILITY = 1e-30;

/**
 * A Layers model that gives probabilities as a classifier: its logits are log p, p no less than 1e-30.
 *
 * Their softmax is p again, but this is numerically worse than the logits before the model's softmax: where a
 * probability rounds to 1, the loss has no slope left, and attacks that need one fail. A network may look robust for
 * that reason alone. Build a model to the layer before the softmax where you can.
 *
 * @param model maps [batch, height, width, channels] to probabilities [batch, classes], which sum to 1.
 * @throws WeightmapError if the model ends in another activation than softmax, has a single output, or the bounds are no range.
 */
export function fromProbabilities(model: tf.LayersModel, options: AsClassifierOptions = {}): Classifier {
  const frame = frameOf(model, options);
  const activation = lastActivation(model);
  if (activation !== 'softmax' && activation !== null)
    throw new WeightmapError(`The model gives no probabilities: it ends in the activation "${activation}".`, {
      expected: 'a model that ends in a softmax',
      fix: 'use asClassifier for a model that gives logits',
    });
  return {
    ...frame,
    logits: (images) =>
      tf.tidy(() => {
        const probabilities = model.apply(images, { training: false }) as tf.Tensor2D;
        return probabilities.clipByValue(LEAST_PROBABILITY, 1).log() as tf.Tensor2D;
      }),
  };
}

function frameOf(
  model: tf.LayersModel,
  { bounds = [0, 1] }: AsClassifierOptions,
): Pick<Classifier, 'classes' | 'inputShape' | 'bounds'> {
  const [low, high] = bounds;
  if (!(Number.isFinite(low) && Number.isFinite(high) && low < high))
    throw new WeightmapError(`The bounds of the pixels are ${low} and ${high}.`, {
      expected: 'two finite numbers, the smaller one first',
    });
  const [, height, width, channels] = model.inputs[0].shape as [null, number, number, number];
  const classes = model.outputs[0].shape[1] as number;
  if (classes === 1)
    throw new WeightmapError('The model has a single output.', {
      expected: 'logits [batch, classes], one for each of two classes or more',
      fix: 'for two classes, give the model two outputs without activation',
    });
  return { classes, inputShape: [height, width, channels], bounds };
}

/** Layers that pass the values of their input on. */
const PASSING = new Set(['Dropout', 'Flatten', 'Reshape']);

/** The activation that a model's output has gone through last, such as `softmax` or `linear`; null if it can't be told. */
function lastActivation(model: tf.LayersModel): string | null {
  let output = model.outputs[0] as unknown as TracedTensor;
  for (;;) {
    const { sourceLayer: layer, nodeIndex, tensorIndex } = output;
    const className = layer.getClassName();
    if (layer instanceof tf.LayersModel) output = layer.outputs[tensorIndex];
    else if (PASSING.has(className)) output = layer.inboundNodes[nodeIndex].inputTensors[0];
    else {
      if (className === 'Softmax') return 'softmax';
      const { activation } = layer.getConfig();
      if (typeof activation !== 'string') return null;
      return activation.toLowerCase().includes('sigmoid') ? 'sigmoid' : activation;
    }
  }
}

/** A symbolic tensor, and what made it. */
interface TracedTensor {
  readonly sourceLayer: tf.layers.Layer;
  readonly nodeIndex: number;
  readonly tensorIndex: number;
}

/** How far a sum of probabilities in float32 may be from 1. */
const ROUNDING = 1e-4;

/**
 * Checks that a classifier gives logits of some images, not probabilities: numbers of which none is negative and each row
 * sums to 1. Rows of zeros and ones don't count.
 *
 * @param images [batch, height, width, channels] within the bounds.
 * @throws WeightmapError if all rows are probabilities.
 */
export function checkLogits(classifier: Classifier, images: tf.Tensor4D): void {
  const { classes } = classifier;
  const values = tf.tidy(() => classifier.logits(images).dataSync<'float32'>());
  const rows = Array.from({ length: values.length / classes }, (_, i) =>
    values.subarray(i * classes, (i + 1) * classes),
  );
  const isDistribution = (row: Float32Array) =>
    row.every((value) => value >= 0) && Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < ROUNDING;
  const areProbabilities = rows.every(isDistribution) && values.some((value) => value > 0 && value < 1);
  if (areProbabilities)
    throw new WeightmapError('The classifier gives probabilities instead of logits.', {
      where: `${rows.length} images: no output is negative, and those of each image sum to 1`,
      expected: 'logits [batch, classes], unnormalised',
      fix: 'leave the softmax out; or use fromProbabilities(model), which is numerically worse',
    });
}

/**
 * The class of each image: the index of its largest logit, the first among equals.
 *
 * @param images [batch, height, width, channels] within the bounds.
 * @returns [batch]
 * @throws WeightmapError if the logits are not [batch, classes], or not finite.
 */
export function predictClasses(classifier: Classifier, images: tf.Tensor4D): Int32Array {
  const { classes } = classifier;
  const [values, shape] = tf.tidy(() => {
    const logits = classifier.logits(images);
    return [logits.dataSync(), logits.shape] as const;
  });
  if (shape.join() !== [images.shape[0], classes].join())
    throw new WeightmapError(`The classifier gives logits of shape [${shape.join(', ')}].`, {
      expected: `[batch, classes] = [${images.shape[0]}, ${classes}]`,
    });
  const broken = values.findIndex((logit) => !Number.isFinite(logit));
  if (broken >= 0)
    throw new WeightmapError(`The classifier gives a logit of ${values[broken]}.`, {
      where: `image ${Math.floor(broken / classes)} of the batch, class ${broken % classes}`,
      expected: 'finite numbers',
      fix: 'the weights are probably not finite: look at how the training ended',
    });
  return Int32Array.from({ length: images.shape[0] }, (_, i) => {
    const row = values.subarray(i * classes, (i + 1) * classes);
    return row.indexOf(Math.max(...row));
  });
}
