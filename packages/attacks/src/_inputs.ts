import * as tf from '@tensorflow/tfjs';
import { WeightmapError, type Classifier } from '@weightmap/core';

/**
 * Checks what a caller hands to an attack.
 *
 * @returns the labels, read: [batch]
 * @throws WeightmapError naming the offending value.
 */
export function checkInputs(
  classifier: Classifier,
  images: tf.Tensor4D,
  labels: tf.Tensor1D,
  strengths: readonly number[],
): ArrayLike<number> {
  checkStrengths(strengths);
  checkImages(classifier, images);
  return checkLabels(classifier, images.shape[0], labels);
}

function checkStrengths(strengths: readonly number[]): void {
  if (strengths.length === 0)
    throw new WeightmapError('An attack needs a strength.', {
      where: 'strengths: []',
      expected: 'one or more',
    });
  const wrong = strengths.find((strength) => !(Number.isFinite(strength) && strength >= 0));
  if (wrong !== undefined)
    throw new WeightmapError(`${wrong} is no strength of an attack.`, {
      where: `strengths: ${strengths.join(', ')}`,
      expected: 'finite numbers ≥ 0',
    });
}

function checkImages({ inputShape, bounds: [low, high] }: Classifier, images: tf.Tensor4D): void {
  const [batch, ...shape] = images.shape;
  if (shape.join() !== inputShape.join() || batch === 0)
    throw new WeightmapError(`The images have the shape [${images.shape.join(', ')}].`, {
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
      throw new WeightmapError('The images contain NaN.', { expected: range(low, high) });
    smallest = Math.min(smallest, pixel);
    largest = Math.max(largest, pixel);
  }
  throw new WeightmapError(`The images reach from ${smallest} to ${largest}.`, {
    expected: range(low, high),
    fix: 'scale the pixels, or give the classifier the bounds that its images have',
  });
}

const range = (low: number, high: number) => `pixels within the classifier's bounds, ${low} … ${high}`;

function checkLabels({ classes }: Classifier, batch: number, labels: tf.Tensor1D): ArrayLike<number> {
  if (labels.rank !== 1 || labels.size !== batch)
    throw new WeightmapError(`The labels have the shape [${labels.shape.join(', ')}].`, {
      expected: `[${batch}], one class index an image`,
    });
  const values = labels.dataSync();
  const wrong = values.findIndex((label) => !(Number.isInteger(label) && label >= 0 && label < classes));
  if (wrong >= 0)
    throw new WeightmapError(`Label ${wrong} of the batch is ${values[wrong]}.`, {
      expected: `0 … ${classes - 1}, one of ${classes} classes`,
    });
  return values;
}
