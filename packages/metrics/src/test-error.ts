import {
  batchesOf,
  checkClassifier,
  checkImageSet,
  checkLogits,
  countOf,
  predictClasses,
  sliceOf,
  WeightmapError,
  type Classifier,
  type ImageSet,
} from '@weightmap/core';

/**
 * Measures the test error: the share of images, in percent, whose largest logit is not the label's.
 *
 * Images are scaled to the classifier's bounds.
 *
 * @throws WeightmapError if the set is empty, its images don't fit the classifier, or a logit is not finite.
 */
export function testError(
  classifier: Classifier,
  set: ImageSet,
  { batchSize = 256 }: { batchSize?: number } = {},
): number {
  checkFit(classifier, set);
  let wrong = 0;
  for (const { images, start } of batchesOf(set, batchSize, classifier))
    predictClasses(classifier, images).forEach((guess, i) => {
      if (guess !== set.labels[start + i]) wrong++;
    });
  return (100 * wrong) / countOf(set);
}

/**
 * Checks that a set can be measured with a classifier.
 *
 * @throws WeightmapError if it is empty, its pixels and labels don't belong together, it is of other images or more classes than the classifier takes, or if the classifier
 *   gives probabilities instead of logits.
 */
export function checkFit(classifier: Classifier, set: ImageSet): void {
  checkClassifier(classifier);
  const { inputShape, classes } = classifier;
  const { spec, labels } = set;
  checkImageSet(set);
  if (labels.length === 0) throw new WeightmapError('There are no images to measure the error on.');
  const shape = [spec.height, spec.width, spec.channels];
  if (shape.join() !== inputShape.join())
    throw new WeightmapError(`The images are ${shape.join('×')}.`, {
      expected: `${inputShape.join('×')}, as the classifier expects`,
    });
  if (spec.classes.length > classes)
    throw new WeightmapError(`The images are of ${spec.classes.length} classes.`, {
      expected: `at most ${classes}, the classifier's number of classes`,
    });
  if (knownLogits.has(classifier)) return;
  for (const { images } of batchesOf(sliceOf(set, 0, LOOKED_AT), LOOKED_AT, classifier))
    checkLogits(classifier, images);
  knownLogits.add(classifier);
}

/** Images whose logits are looked at, once for a classifier. */
const LOOKED_AT = 8;
const knownLogits = new WeakSet<Classifier>();
