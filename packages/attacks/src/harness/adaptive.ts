import type * as tf from '@tensorflow/tfjs';
import { checkClassifier, WeightmapError, withStandIn, type Classifier } from '@weightmap/core';

/**
 * A classifier whose gradients are those of another: backward pass differentiable approximation (BPDA), for a defence that
 * has no useful gradient, such as rounding or a median.
 *
 * @param classifier gives the logits; it is what is attacked.
 * @param standIn gives the gradients: differentiable, with the same classes and images.
 * @throws WeightmapError if the two have other classes or images.
 *
 * Source: Athalye, Carlini & Wagner, “Obfuscated gradients give a false sense of security”, arXiv:1802.00420.
 */
export function bpda(classifier: Classifier, standIn: Classifier): Classifier {
  for (const one of [classifier, standIn]) checkClassifier(one);
  const shapeOf = ({ classes, inputShape, bounds }: Classifier) =>
    `${inputShape.join('×')} in ${classes} classes, pixels ${bounds.join(' … ')}`;
  if (shapeOf(classifier) !== shapeOf(standIn))
    throw new WeightmapError("The stand-in doesn't fit the classifier.", {
      where: shapeOf(standIn),
      expected: shapeOf(classifier),
    });
  const { draws: _, ...rest } = classifier;
  const logits = withStandIn<tf.Tensor4D, tf.Tensor2D>(
    (images) => classifier.logits(images),
    (images) => standIn.logits(images),
  );
  return { ...rest, logits };
}

/**
 * A classifier with random numbers, whose gradients are means over some draws of them: expectation over transformation (EOT).
 * What it answers is the answer of the first one.
 *
 * @param draws the same classifier with different random numbers, fixed in each: compiled steps draw none.
 * @throws WeightmapError if there is none.
 *
 * Source: Athalye, Engstrom, Ilyas & Kwok, “Synthesizing robust adversarial examples”, arXiv:1707.07397.
 */
export function eot(draws: readonly Classifier[]): Classifier {
  if (draws.length === 0)
    throw new WeightmapError('There are no draws of the classifier.', { expected: 'one or more' });
  return { ...draws[0], draws };
}
