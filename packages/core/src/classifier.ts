import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from './errors.js';

/** What a compiled function may give: a tensor, or several, in order or by name. */
export type Tensors = tf.Tensor | readonly tf.Tensor[] | { readonly [name: string]: tf.Tensor };

/**
 * What an attack or a metric needs to know of a model: a differentiable function from images to
 * logits, and the range that valid pixels lie in.
 */
export interface Classifier {
  /** Number of classes. */
  readonly classes: number;
  /** [height, width, channels]. */
  readonly inputShape: readonly [number, number, number];
  /** Smallest and largest valid pixel. */
  readonly bounds: readonly [low: number, high: number];
  /**
   * @param images [batch, height, width, channels] within the bounds.
   * @returns [batch, classes], unnormalised (no softmax).
   */
  logits(images: tf.Tensor4D): tf.Tensor2D;
  /**
   * Makes a function of this classifier's logits faster, a gradient for example; absent where nothing does.
   *
   * @param step a function of its inputs and the classifier alone, whose values it reads nowhere.
   * @returns the same function, to be kept and called again with inputs of the same shapes; it lives as long as
   *   the classifier.
   */
  readonly compile?: <Inputs extends Readonly<Record<string, tf.Tensor>>, Result extends Tensors>(
    step: (inputs: Inputs) => Result,
  ) => (inputs: Inputs) => Result;
}

/**
 * A Layers model as a classifier, in inference mode (batch normalisation by its moving statistics).
 *
 * @param model maps [batch, height, width, channels] to logits [batch, classes].
 */
export function asClassifier(
  model: tf.LayersModel,
  { bounds = [0, 1] as const }: { bounds?: readonly [number, number] } = {},
): Classifier {
  const [, height, width, channels] = model.inputs[0].shape as [null, number, number, number];
  return {
    classes: model.outputs[0].shape[1] as number,
    inputShape: [height, width, channels],
    bounds,
    logits: (images) => model.apply(images, { training: false }) as tf.Tensor2D,
  };
}

/**
 * The class of each image: the index of its largest logit, the first among equals.
 *
 * @param images [batch, height, width, channels] within the bounds.
 * @returns [batch]
 * @throws WeightmapError if the logits are not [batch, classes], or not finite.
 */
export function predictClasses(classifier: Classifier, images: tf.Tensor4D): Int32Array {
  const { classes } = classifier;
  const [values, shape] = tf.tidy(() => {
    const logits = classifier.logits(images);
    return [logits.dataSync(), logits.shape] as const;
  });
  if (shape.join() !== [images.shape[0], classes].join())
    throw new WeightmapError(`The classifier gives logits of shape [${shape.join(', ')}].`, {
      expected: `[batch, classes] = [${images.shape[0]}, ${classes}]`,
    });
  const broken = values.findIndex((logit) => !Number.isFinite(logit));
  if (broken >= 0)
    throw new WeightmapError(`The classifier gives a logit of ${values[broken]}.`, {
      where: `image ${Math.floor(broken / classes)} of the batch, class ${broken % classes}`,
      expected: 'finite numbers',
      fix: 'the weights are probably not finite: look at how the training ended',
    });
  return Int32Array.from({ length: images.shape[0] }, (_, i) => {
    const row = values.subarray(i * classes, (i + 1) * classes);
    return row.indexOf(Math.max(...row));
  });
}
