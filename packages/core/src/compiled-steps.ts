import type * as tf from '@tensorflow/tfjs';
import type { Classifier, Tensors } from './classifier.js';

/**
 * Makes a cache of compiled functions: one for each classifier and, where that is needed, for each subject such as a layer.
 *
 * @returns a function that gives the function of a classifier: `make` makes it at the first call, and `classifier.compile`
 *   compiles it where that is possible. It must compute its results from its inputs alone, and read no values.
 */
export function compiledSteps<Inputs extends Readonly<Record<string, tf.Tensor>>, Result extends Tensors>() {
  type Step = (inputs: Inputs) => Result;
  const known = new WeakMap<Classifier, WeakMap<object, Step>>();
  return (classifier: Classifier, make: () => Step, subject: object = classifier): Step => {
    const steps = known.get(classifier) ?? new WeakMap<object, Step>();
    known.set(classifier, steps);
    const found = steps.get(subject);
    if (found) return found;
    const plain = make();
    const step = classifier.compile?.(plain) ?? plain;
    steps.set(subject, step);
    return step;
  };
}
