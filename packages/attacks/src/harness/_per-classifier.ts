import type * as tf from '@tensorflow/tfjs';
import type { Classifier, Tensors } from '@weightmap/core';

type Inputs = Readonly<Record<string, tf.Tensor>>;

/**
 * A function that belongs to a classifier: made once for each, and compiled where that is possible.
 *
 * @param make gives a function of its inputs and the classifier alone, which reads no values.
 */
export function perClassifier<In extends Inputs, Out extends Tensors>(
  make: (classifier: Classifier) => (inputs: In) => Out,
): (classifier: Classifier) => (inputs: In) => Out {
  const known = new WeakMap<Classifier, (inputs: In) => Out>();
  return (classifier) => {
    const found = known.get(classifier);
    if (found) return found;
    const plain = make(classifier);
    const made = classifier.compile?.(plain) ?? plain;
    known.set(classifier, made);
    return made;
  };
}
