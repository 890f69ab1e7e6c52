import type * as tf from '@tensorflow/tfjs';
import type { Classifier } from './classifier.js';
import type { RandomStream } from './random.js';

/** What is known of an attack before it runs. */
export interface AttackInfo {
  /** Registry name, such as `fgsm`. */
  readonly id: string;
  /** What a report calls it. */
  readonly label: string;
  /** What its strength is called: ε in pixel units, or the noise bound β. */
  readonly strength: 'epsilon' | 'beta';
  /** The ball around the image that the result stays in, of radius `strength`; null if it promises none. */
  readonly norm: 'linf' | 'l2' | null;
  /** Whether it differentiates the classifier. */
  readonly usesGradient: boolean;
  /** Paper section or citation. */
  readonly source: string;
}

/** The images and how strongly to perturb them. */
export interface AttackOptions {
  /** One or more strengths, each ≥ 0; what they have in common (gradient, noise) is computed once. */
  strengths: readonly number[];
  /** Where every random number of the attack comes from. */
  random: RandomStream;
}

/** What the author of an attack writes; `@weightmap/attacks` makes an `Attack` of it. */
export interface AttackMethod extends AttackInfo {
  /**
   * @param images [batch, height, width, channels] within the classifier's bounds.
   * @param labels [batch], int32: the true classes.
   * @returns one tensor a strength, each of the shape of `images`; the harness disposes them.
   */
  perturb(
    classifier: Classifier,
    images: tf.Tensor4D,
    labels: tf.Tensor1D,
    options: AttackOptions,
  ): tf.Tensor4D[];
}

/** One strength's result, judged by the harness. */
export interface AttackOutcome {
  readonly strength: number;
  /** [batch, height, width, channels], clipped to the bounds and to the norm's ball. The caller disposes it. */
  readonly adversarial: tf.Tensor4D;
  /** [batch], 1 where the classifier's prediction differs from the label. */
  readonly misclassified: Uint8Array;
  /** [batch], the classes predicted. */
  readonly predicted: Int32Array;
  /** [batch], largest change of a pixel. */
  readonly linf: Float32Array;
  /** [batch], Euclidean length of the change. */
  readonly l2: Float32Array;
}

/** An attack ready to use: inputs checked, result re-clipped and judged. */
export interface Attack extends AttackInfo {
  /**
   * @throws WeightmapError if images lie outside the classifier's bounds, a strength is negative or
   *   not finite, or the classifier gives NaN.
   */
  run(
    classifier: Classifier,
    images: tf.Tensor4D,
    labels: tf.Tensor1D,
    options: AttackOptions,
  ): AttackOutcome[];
}
