import * as tf from '@tensorflow/tfjs';
import {
  checkLogits,
  WeightmapError,
  type AttackBatch,
  type AttackInfo,
  type Classifier,
} from '@weightmap/core';

/** The labels and targets of a batch, as numbers. */
export interface Truth {
  /** [batch] */
  readonly labels: ArrayLike<number>;
  /** [batch], or null without targets. */
  readonly targets: ArrayLike<number> | null;
}

/**
 * Checks a batch that a caller gives to an attack, and reads its labels and targets.
 *
 * @throws WeightmapError with the invalid value.
 */
export function checkInputs(
  { id, targeted, leastClasses = 2 }: Pick<AttackInfo, 'id' | 'targeted' | 'leastClasses'>,
  classifier: Classifier,
  { images, labels, targets }: AttackBatch,
): Truth {
  if (classifier.classes < leastClasses)
    throw new WeightmapError(
      `The attack ${id} needs ${leastClasses} classes or more, and the classifier has ${classifier.classes}.`,
      { fix: 'choose another attack, such as apgd-ce or apgd-margin' },
    );
  checkImages(classifier, images, 'images');
  const truth = checkClasses(classifier, images.shape[0], labels, 'label');
  if (!targets) return { labels: truth, targets: null };
  if (!targeted)
    throw new WeightmapError(`The attack ${id} does not support targets.`, {
      expected: 'no targets',
      fix: 'omit the targets, or choose an attack with targeted: true',
    });
  const aims = checkClasses(classifier, images.shape[0], targets, 'target');
  const own = Array.from(aims).findIndex((target, i) => target === truth[i]);
  if (own >= 0)
    throw new WeightmapError(`Target ${own} of the batch is ${aims[own]}, the image's own label.`, {
      expected: 'a class other than the label',
    });
  return { labels: truth, targets: aims };
}

/** Number of images whose outputs are checked: enough to tell logits from probabilities. */
const CHECKED_IMAGES = 16;

const givesLogits = new WeakSet<Classifier>();

/**
 * Checks, once for each classifier, that it outputs logits. The gradients of probabilities vanish, which weakens an attack.
 *
 * @throws WeightmapError if the outputs are probabilities.
 */
export function checkOutputs(classifier: Classifier, images: tf.Tensor4D): void {
  if (givesLogits.has(classifier)) return;
  tf.tidy(() => checkLogits(classifier, images.slice(0, Math.min(CHECKED_IMAGES, images.shape[0]))));
  givesLogits.add(classifier);
}

/** @throws WeightmapError if there is no strength, or one is negative or not finite. */
export function checkStrengths(strengths: readonly number[]): void {
  if (strengths.length === 0)
    throw new WeightmapError('An attack needs a strength.', {
      where: 'strengths: []',
      expected: 'one or more',
    });
  const wrong = strengths.find((strength) => !(Number.isFinite(strength) && strength >= 0));
  if (wrong !== undefined)
    throw new WeightmapError(`Invalid attack strength: ${wrong}.`, {
      where: `strengths: ${strengths.join(', ')}`,
      expected: 'finite numbers ≥ 0',
    });
}

/** @throws WeightmapError if the shape of the images is not the classifier's, or a pixel is out of bounds. */
export function checkImages(
  { inputShape, bounds: [low, high] }: Pick<Classifier, 'inputShape' | 'bounds'>,
  images: tf.Tensor4D,
  what: string,
): void {
  const [batch, ...shape] = images.shape;
  if (shape.join() !== inputShape.join() || batch === 0)
    throw new WeightmapError(`The ${what} have the shape [${images.shape.join(', ')}].`, {
      expected: `[batch, ${inputShape.join(', ')}], the classifier's input, with one image or more`,
    });
  // Comparisons with NaN are false, so NaN counts as outside.
  const inside = tf.tidy(
    () => images.greaterEqual(low).logicalAnd(images.lessEqual(high)).all().dataSync()[0] === 1,
  );
  if (inside) return;
  const pixels = images.dataSync();
  let [smallest, largest] = [Infinity, -Infinity];
  for (const pixel of pixels) {
    if (Number.isNaN(pixel))
      throw new WeightmapError(`The ${what} contain NaN.`, { expected: range(low, high) });
    smallest = Math.min(smallest, pixel);
    largest = Math.max(largest, pixel);
  }
  throw new WeightmapError(`The ${what} reach from ${smallest} to ${largest}.`, {
    expected: range(low, high),
    fix: 'scale the pixels, or create the classifier with the bounds of these images',
  });
}

const range = (low: number, high: number) => `pixels within the classifier's bounds, ${low} … ${high}`;

function checkClasses(
  { classes, answers = classes }: Classifier,
  batch: number,
  given: tf.Tensor1D,
  what: 'label' | 'target',
): ArrayLike<number> {
  if (given.rank !== 1 || given.size !== batch)
    throw new WeightmapError(`The ${what}s have the shape [${given.shape.join(', ')}].`, {
      expected: `[${batch}], one class index for each image`,
    });
  const values = given.dataSync();
  const wrong = values.findIndex((value) => !(Number.isInteger(value) && value >= 0 && value < answers));
  if (wrong >= 0)
    throw new WeightmapError(
      `${what === 'label' ? 'Label' : 'Target'} ${wrong} of the batch is ${values[wrong]}.`,
      { expected: `0 … ${answers - 1}, one of ${answers} classes` },
    );
  return values;
}
