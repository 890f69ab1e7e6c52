import type * as tf from '@tensorflow/tfjs';
import { localParts, withLocalParts, type Classifier, type Tensors } from '@weightmap/core';
import { compile } from './compile.js';

/** A classifier whose logits and gradients run as compiled steps. */
export interface CompiledClassifier extends Classifier {
  readonly compile: NonNullable<Classifier['compile']>;
  /** Frees the sessions; the original classifier and its model stay. */
  dispose(): void;
}

/**
 * Compiles a classifier, for sweeps that ask for its logits thousands of times, with batches of a few sizes.
 *
 * Changed weights of its model take effect at the next call. On engines that don't compile it runs uncompiled.
 *
 * @param classifier computes its logits from the images, variables and constants, and reads no value in JavaScript.
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
    logits: withLocalParts((images) => logits({ images }), localParts(classifier)),
    compile<Inputs extends Readonly<Record<string, tf.Tensor>>, Result extends Tensors>(
      step: (inputs: Inputs) => Result,
    ) {
      const compiled = keep(compile(step));
      return (inputs: Inputs): Result => compiled(inputs);
    },
    dispose: () => steps.forEach((step) => step.dispose()),
  };
}
