import type * as tf from '@tensorflow/tfjs';
import type { Classifier, Tensors } from '@weightmap/core';
import { compile } from './compile.js';

/** A classifier whose logits, and what is derived from them, run as compiled steps. */
export interface CompiledClassifier extends Classifier {
  readonly compile: NonNullable<Classifier['compile']>;
  /** Frees the sessions; the classifier that it was made of, and its model, stay. */
  dispose(): void;
}

/**
 * The same classifier, compiled: for sweeps that ask thousands of times, with batches of a few sizes.
 *
 * It follows its model: weights that change are read anew. On engines that don't compile it is the classifier as it is.
 *
 * @param classifier its logits are computed from the images, variables and constants; nothing is read in JavaScript.
 */
export function compiledClassifier(classifier: Classifier): CompiledClassifier {
  const steps: { dispose(): void }[] = [];
  const keep = <Step extends { dispose(): void }>(step: Step): Step => {
    steps.push(step);
    return step;
  };
  const logits = keep(compile(({ images }: { images: tf.Tensor4D }) => classifier.logits(images)));
  return {
    ...classifier,
    logits: (images) => logits({ images }),
    compile<Inputs extends Readonly<Record<string, tf.Tensor>>, Result extends Tensors>(
      step: (inputs: Inputs) => Result,
    ) {
      const compiled = keep(compile(step));
      return (inputs: Inputs): Result => compiled(inputs);
    },
    dispose: () => steps.forEach((step) => step.dispose()),
  };
}
