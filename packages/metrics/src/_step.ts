import type * as tf from '@tensorflow/tfjs';
import type { Classifier, Tensors } from '@weightmap/core';

type Inputs = Readonly<Record<string, tf.Tensor>>;

/**
 * Steps that are made once for a classifier and a subject (a layer, a model), and compiled where that is possible.
 *
 * @returns takes the classifier, the subject and the plain step, and gives the step to call.
 */
export function compiledSteps<Given extends Inputs, Result extends Tensors>() {
  type Step = (inputs: Given) => Result;
  const known = new WeakMap<Classifier, WeakMap<object, Step>>();
  return (classifier: Classifier, subject: object, plain: Step): Step => {
    const steps = known.get(classifier) ?? new WeakMap<object, Step>();
    known.set(classifier, steps);
    const step = steps.get(subject) ?? classifier.compile?.(plain) ?? plain;
    steps.set(subject, step);
    return step;
  };
}
