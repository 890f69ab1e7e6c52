import * as tf from '@tensorflow/tfjs';
import { lastActivation, lastLayer } from './_last-activation.js';
import { functionOf, type ModelShapeOptions } from './_model-shape.js';
import { checkBounds, checkClassifier } from './checked-batch.js';
import { WeightmapError } from './errors.js';
import { partsOf, withLocalParts } from './local-parts.js';

export type { ModelShapeOptions } from './_model-shape.js';
export { lastActivation, lastLayer };

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

/** Which pixels a model takes, and what its output means. */
export interface AsClassifierOptions extends ModelShapeOptions {
  /** Smallest and largest valid pixel: images are scaled to them, and strengths of attacks are in their units. Default [0, 1]. */
  bounds?: readonly [low: number, high: number];
  /**
   * Number of classes that the model must have. With 2, a single output without activation counts as the logit of the second
   * class; without this option such a model is refused.
   */
  classes?: number;
}

/**
 * A Layers model as a classifier, in inference mode (batch normalisation by its moving statistics).
 *
 * @param model maps [batch, height, width, channels] to logits [batch, classes].
 * @throws WeightmapError if the model ends in a softmax or a sigmoid, has a single output and `classes` isn't 2, takes no images
 *   (several inputs, channels first, another rank), has an open size without `inputShape`, several outputs without `output`, or
 *   gives maps; or if the bounds are no range.
 */
export function asClassifier(model: tf.LayersModel, options: AsClassifierOptions = {}): Classifier {
  const { bounds = [0, 1], classes } = options;
  checkBounds(bounds);
  const { inputShape, output, outputs, apply } = functionOf(model, options);
  const activation = lastActivation(model, output);
  if (outputs === 1 && !(classes === 2 && activation !== 'sigmoid'))
    throw new WeightmapError('The model has a single output.', {
      expected: 'logits [batch, classes], one for each of two classes or more',
      fix:
        activation === 'sigmoid'
          ? 'take fromProbabilities(model), for the probability of the second of two classes; or give the model two outputs without activation'
          : 'if it is the logit of the second of two classes, asClassifier(model, { classes: 2 }); or give the model two outputs without activation',
    });
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
  checkCount(classes, outputs === 1 ? 2 : outputs);
  if (outputs > 1)
    return { classes: outputs, inputShape, bounds, logits: withLocalParts(apply, partsOf(model)) };
  return {
    classes: 2,
    inputShape,
    bounds,
    logits: (images) => tf.tidy(() => rowsOf(tf.zeros([images.shape[0], 1]), apply(images))),
  };
}

/** The least probability that has a logarithm of its own. */
const LEAST_PROBABILITY = 1e-30;

/**
 * A Layers model that gives probabilities as a classifier: its logits are log p, p no less than 1e-30. A single output with
 * sigmoid is the probability p of the second of two classes: the logits are log(1 − p) and log p.
 *
 * Their softmax is p again, but this is numerically worse than the logits before the model's softmax: where a
 * probability rounds to 1, the loss has no slope left, and attacks that need one fail. A network may look robust for
 * that reason alone. Build a model to the layer before the softmax where you can.
 *
 * @param model maps [batch, height, width, channels] to probabilities [batch, classes], which sum to 1, or to one
 *   probability [batch, 1].
 * @throws WeightmapError if the model ends in another activation than softmax (a single output: sigmoid), and as `asClassifier`.
 */
export function fromProbabilities(model: tf.LayersModel, options: AsClassifierOptions = {}): Classifier {
  const { bounds = [0, 1], classes } = options;
  checkBounds(bounds);
  const { inputShape, output, outputs, apply } = functionOf(model, options);
  const activation = lastActivation(model, output);
  const isSingle = outputs === 1;
  if (isSingle && activation === 'softmax')
    throw new WeightmapError('The model has a softmax of a single output, which is 1 for every image.', {
      fix: 'for two classes, give the model two outputs, or a sigmoid',
    });
  if (activation !== (isSingle ? 'sigmoid' : 'softmax') && activation !== null)
    throw new WeightmapError(
      `The model gives no probabilities of ${isSingle ? 'two' : outputs} classes: it ends in the activation "${activation}".`,
      {
        expected: isSingle ? 'a single output with a sigmoid' : 'a model that ends in a softmax',
        fix:
          activation === 'sigmoid'
            ? 'sigmoids answer for each class on its own: build a model to the layer before them, and take asClassifier'
            : 'use asClassifier for a model that gives logits',
      },
    );
  checkCount(classes, isSingle ? 2 : outputs);
  return {
    classes: isSingle ? 2 : outputs,
    inputShape,
    bounds,
    logits: (images) =>
      tf.tidy(() => {
        const given = apply(images);
        const probabilities = isSingle ? rowsOf(tf.sub(1, given), given) : given;
        return probabilities.clipByValue(LEAST_PROBABILITY, 1).log() as tf.Tensor2D;
      }),
  };
}

/** Two columns as rows of two. */
const rowsOf = (first: tf.Tensor, second: tf.Tensor): tf.Tensor2D =>
  tf.concat([first as tf.Tensor2D, second as tf.Tensor2D], 1);

function checkCount(wanted: number | undefined, found: number): void {
  if (wanted !== undefined && wanted !== found)
    throw new WeightmapError(`The model has ${found} classes.`, {
      expected: `${wanted}, the number of classes given`,
    });
}

/** How far a sum of probabilities in float32 may be from 1. */
const ROUNDING = 1e-4;

/**
 * Checks that a classifier gives logits of some images, not probabilities: numbers of which none is negative and each row
 * sums to 1. Rows of zeros and ones don't count.
 *
 * @param images [batch, height, width, channels] within the bounds.
 * @throws WeightmapError if all rows are probabilities, or the logits are not [batch, classes].
 */
export function checkLogits(classifier: Classifier, images: tf.Tensor4D): void {
  const { classes } = classifier;
  const values = logitsOf(classifier, images);
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
  checkClassifier(classifier);
  const { classes } = classifier;
  const values = logitsOf(classifier, images);
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

/** The logits, row by row. @throws WeightmapError if they are not [batch, classes]. */
function logitsOf(classifier: Classifier, images: tf.Tensor4D): Float32Array {
  const expected = [images.shape[0], classifier.classes];
  const [values, shape] = tf.tidy(() => {
    const logits = classifier.logits(images);
    return [logits.dataSync<'float32'>(), logits.shape] as const;
  });
  if (shape.join() !== expected.join())
    throw new WeightmapError(`The classifier gives logits of shape [${shape.join(', ')}].`, {
      expected: `[batch, classes] = [${expected.join(', ')}]`,
    });
  return values;
}
