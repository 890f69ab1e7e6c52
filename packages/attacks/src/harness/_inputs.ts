import * as tf from '@tensorflow/tfjs';
import { checkLogits, WeightmapError, type AttackInfo, type Classifier } from '@weightmap/core';

/** What a caller handed in, read. */
export interface Truth {
  /** [batch] */
  readonly labels: ArrayLike<number>;
  /** [batch], where the attack is to aim at classes. */
  readonly targets: ArrayLike<number> | null;
}

/**
 * Checks what a caller hands to an attack.
 *
 * @throws WeightmapError naming the offending value.
 */
export function checkInputs(
  { id, targeted, leastClasses = 2 }: Pick<AttackInfo, 'id' | 'targeted' | 'leastClasses'>,
  classifier: Classifier,
  images: tf.Tensor4D,
  labels: tf.Tensor1D,
  targets?: tf.Tensor1D,
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
    throw new WeightmapError(`The attack ${id} can't aim at classes.`, {
      expected: 'no targets',
      fix: 'leave the targets out, or choose an attack that says it is targeted',
    });
  const aims = checkClasses(classifier, images.shape[0], targets, 'target');
  const own = Array.from(aims).findIndex((target, i) => target === truth[i]);
  if (own >= 0)
    throw new WeightmapError(`Target ${own} of the batch is ${aims[own]}, the image's own label.`, {
      expected: 'another class than the label',
    });
  return { labels: truth, targets: aims };
}

/** Images that are enough to tell logits from probabilities. */
const LOOKED_AT = 16;

const givesLogits = new WeakSet<Classifier>();

/**
 * Looks at the outputs for a few images, once for each classifier: an attack on probabilities sees vanishing gradients.
 *
 * @throws WeightmapError if they are probabilities.
 */
export function checkOutputs(classifier: Classifier, images: tf.Tensor4D): void {
  if (givesLogits.has(classifier)) return;
  tf.tidy(() => checkLogits(classifier, images.slice(0, Math.min(LOOKED_AT, images.shape[0]))));
  givesLogits.add(classifier);
}

/** @throws WeightmapError if the list of strengths is empty or has an invalid one. */
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

/** @throws WeightmapError if images have another shape than the classifier's, or a pixel outside its bounds. */
export function checkImages(
  { inputShape, bounds: [low, high] }: Pick<Classifier, 'inputShape' | 'bounds'>,
  images: tf.Tensor4D,
  what: string,
): void {
  const [batch, ...shape] = images.shape;
  if (shape.join() !== inputShape.join() || batch === 0)
    throw new WeightmapError(`The ${what} have the shape [${images.shape.join(', ')}].`, {
      expected: `[batch, ${inputShape.join(', ')}], as the classifier takes them`,
    });
  // NaN compares false with everything, so it counts as outside.
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
    fix: 'scale the pixels, or give the classifier the bounds that its images have',
  });
}

const range = (low: number, high: number) => `pixels within the classifier's bounds, ${low} … ${high}`;

function checkClasses(
  { classes }: Classifier,
  batch: number,
  given: tf.Tensor1D,
  what: 'label' | 'target',
): ArrayLike<number> {
  if (given.rank !== 1 || given.size !== batch)
    throw new WeightmapError(`The ${what}s have the shape [${given.shape.join(', ')}].`, {
      expected: `[${batch}], one class index an image`,
    });
  const values = given.dataSync();
  const wrong = values.findIndex((value) => !(Number.isInteger(value) && value >= 0 && value < classes));
  if (wrong >= 0)
    throw new WeightmapError(
      `${what === 'label' ? 'Label' : 'Target'} ${wrong} of the batch is ${values[wrong]}.`,
      { expected: `0 … ${classes - 1}, one of ${classes} classes` },
    );
  return values;
}
