import type * as tf from '@tensorflow/tfjs';
import type { Classifier } from './classifier.js';
import type { LocalParts } from './local-parts.js';
import type { RandomStream } from './random.js';

/** How the length of a change is measured; `l0` counts the pixels (positions, not channels) that changed. */
export type NormName = 'linf' | 'l2' | 'l1' | 'l0';

/**
 * - `noise`: changes at random, whatever the classifier is;
 * - `fixed`: looks within the ball of radius `strength` for the worst image;
 * - `minimal`: looks for the nearest image that fools the classifier.
 */
export type AttackKind = 'noise' | 'fixed' | 'minimal';

/** Quantities that an attack can maximise; `@weightmap/attacks` defines them. */
export type LossName =
  | 'ce'
  | 'margin'
  | 'dlr'
  | 'target-ce'
  | 'target-margin'
  | 'target-lead'
  | 'dlr-targeted'
  | 'answer-margin'
  | 'suspicion';

/** What the strength of an attack measures. */
export type StrengthUnit = 'epsilon' | 'beta' | 'sigma' | 'width' | 'share' | 'reduction' | 'shift' | 'grain';

/** What is known of an attack before it runs. */
export interface AttackInfo {
  /** Registry name, such as `fgsm`. */
  readonly id: string;
  /** What a report calls it. */
  readonly label: string;
  /** How it looks: at random, for the worst image, or for the nearest. */
  readonly kind: AttackKind;
  /**
   * What its strength measures: the radius ε in the units of `norm`, the noise bound β or standard deviation σ in
   * units of pixels, the blur's width in pixels, the share of pixels hit, the share of contrast or resolution taken away,
   * the brightness added in units of pixels, the grain of light: one over the photons that make a pixel white.
   */
  readonly strengthUnit: StrengthUnit;
  /** The ball around the image that the result stays in, its radius being the strength; null if it promises none. */
  readonly norm: NormName | null;
  /** Whether it can aim at given classes. */
  readonly targeted: boolean;
  /** Whether it differentiates the classifier; if not, it is a black box to it. */
  readonly usesGradient: boolean;
  /** The smallest number of classes that it works with; 2 unless given. With fewer its `run` throws at once. */
  readonly leastClasses?: number;
  /** Paper section or citation. */
  readonly source: string;
}

/** What an attack is given besides the images. */
export interface AimOptions {
  /** Where every random number of the attack comes from. */
  random: RandomStream;
  /** [batch], int32: the class that each image is to be taken for, another than its label. Without: any other. */
  targets?: tf.Tensor1D;
}

/** The aim, and how strongly to perturb. */
export interface AttackOptions extends AimOptions {
  /**
   * One or more strengths, each ≥ 0; what they have in common (gradient, noise) is computed once. A strength in units of
   * pixels is in those of the classifier's bounds: ε = 8/255 for pixels in [0, 1] is 16/255 for pixels in [−1, 1].
   */
  strengths: readonly number[];
}

/** Images passed through the classifier by an attack, all strengths together, the harness's judgement left out. */
export interface AttackCost {
  /** Images, not batches. */
  readonly forwards: number;
  /** Images that a gradient was taken of. */
  readonly backwards: number;
}

/** The images under attack. A type, not an interface, so that its tensors can be spread into the inputs of a step. */
export type AttackBatch = {
  /** `[batch, height, width, channels]`, within the classifier's bounds. */
  readonly images: tf.Tensor4D;
  /** [batch], int32: the true classes. */
  readonly labels: tf.Tensor1D;
  /** [batch], int32: the class that each image should be classified as. Absent if any class but the label counts. */
  readonly targets?: tf.Tensor1D;
};

/** What to differentiate. */
export interface GradientRequest {
  /** [batch, height, width, channels] */
  readonly images: tf.Tensor4D;
  /** [batch], int32 */
  readonly labels: tf.Tensor1D;
  /** What is differentiated, each image’s own. */
  readonly loss: LossName;
  /** [batch], int32; for the losses that have a target. */
  readonly targets?: tf.Tensor1D | undefined;
}

/** A type, not an interface, so that a step may give it as it is. */
export type LossGradient = {
  /** `[batch, height, width, channels]`: ∂loss/∂images, each image's own. */
  readonly gradient: tf.Tensor4D;
  /** [batch] */
  readonly loss: tf.Tensor1D;
  /** [batch, classes] */
  readonly logits: tf.Tensor2D;
};

/** What an attack may ask of a classifier. */
export interface VictimModel {
  /** Number of classes: the length of a row of logits. */
  readonly classes: number;
  /** Classes that count as an answer, the first ones; the others abstain. Default: all. */
  readonly answers?: number;
  /** [height, width, channels] */
  readonly inputShape: readonly [number, number, number];
  /** Smallest and largest valid pixel. */
  readonly bounds: readonly [low: number, high: number];
  /** Its two parts, if the first looks only at small windows of the image. An image counts as passed when `head` gets its maps. */
  readonly local?: LocalParts | undefined;
  /** @returns [batch, classes] */
  logits(images: tf.Tensor4D): tf.Tensor2D;
  /** @returns ∂loss/∂images of each image on its own, with the loss and the logits that it came from. */
  gradient(request: GradientRequest): LossGradient;
}

type NamedTensors = Readonly<Record<string, tf.Tensor>>;

/**
 * A piece of an attack that runs as one compiled function where the classifier can compile: an iteration with its
 * gradient, step and projection, for example.
 *
 * It is made once, outside of `perturb`, and must compute its results from its inputs, the model and constants alone,
 * reading no value. What changes from call to call, ε for example, is an input.
 */
export type VictimStep<In extends NamedTensors, Out extends NamedTensors> = (
  model: VictimModel,
) => (inputs: In) => Out;

/** A classifier under attack: it counts the images that pass through it, and lets no NaN out unnoticed. */
export interface Victim extends VictimModel {
  /** @throws WeightmapError if a logit is NaN or infinite. */
  logits(images: tf.Tensor4D): tf.Tensor2D;
  /** @throws WeightmapError if a component of the gradient is NaN or infinite, a logit, or the loss needs a target. */
  gradient(request: GradientRequest): LossGradient;
  /**
   * Runs a step. Whether its logits and gradients were finite is looked at when the attack has finished, so that
   * nothing is read in between.
   *
   * @returns the step's results, the caller's (in a `tf.tidy`, the tidy's).
   */
  compute<In extends NamedTensors, Out extends NamedTensors>(step: VictimStep<In, Out>, inputs: In): Out;
}

/** What the author of an attack of a given strength writes; `judged` of `@weightmap/attacks` makes an `Attack` of it. */
export interface AttackMethod extends AttackInfo {
  /** Of a given strength: at random, or the worst image within it. */
  readonly kind: 'noise' | 'fixed';
  readonly norm: Exclude<NormName, 'l0'> | null;
  /**
   * @param batch the images, their labels, and the targets if there are any.
   * @returns one tensor for each strength, of the shape of `images`; the harness disposes them.
   */
  perturb(victim: Victim, batch: AttackBatch, options: Omit<AttackOptions, 'targets'>): tf.Tensor4D[];
}

/** What the author of a minimal-norm attack writes; `judgedMinimal` of `@weightmap/attacks` makes an `Attack` of it. */
export interface MinimalMethod extends AttackInfo {
  /** It is given no strength: it looks for the nearest image. */
  readonly kind: 'minimal';
  readonly norm: NormName;
  /**
   * @param batch the images, their labels, and the targets if there are any.
   * @returns of the shape of `images`: the nearest image found that fools the classifier, the clean image where there
   *   is none and where the clean image does already; the harness disposes it.
   */
  nearest(victim: Victim, batch: AttackBatch, options: Omit<AimOptions, 'targets'>): tf.Tensor4D;
}

/** What the harness finds out about the images of an attack. */
export interface JudgedImages {
  /** [batch, height, width, channels], clipped to the bounds and to the norm's ball. The caller disposes it. */
  readonly adversarial: tf.Tensor4D;
  /** [batch], 1 where the prediction is the target, or without targets where it differs from the label. */
  readonly succeeded: Uint8Array;
  /** [batch], 1 where the classifier's prediction differs from the label and is an answer (see `Classifier.answers`). */
  readonly misclassified: Uint8Array;
  /** [batch], the classes predicted; those from `answers` on abstain. */
  readonly predicted: Int32Array;
  /** [batch], largest change of a pixel. */
  readonly linf: Float32Array;
  /** [batch], Euclidean length of the change. */
  readonly l2: Float32Array;
  /** [batch], sum of the changes' sizes. */
  readonly l1: Float32Array;
  /** [batch], pixels that changed, in one channel or more. */
  readonly l0: Float32Array;
  /** Of the whole run, the same for all strengths. */
  readonly cost: AttackCost;
}

/** One strength's result, judged by the harness. */
export interface AttackOutcome extends JudgedImages {
  /** One of those asked for, in their order. */
  readonly strength: number;
}

/** What a minimal-norm attack found, before any strength cuts it off. */
export interface MinimalOutcome extends JudgedImages {
  /** [batch], length of the change in the attack's norm: 0 where none was needed, Infinity where none was found. */
  readonly distance: Float32Array;
}

/** An attack ready to use: inputs checked, result re-clipped and judged. */
export interface Attack extends AttackInfo {
  /**
   * Attacks a batch once, for all strengths.
   *
   * @param images `[batch, height, width, channels]` within the classifier's bounds; they stay the caller's.
   * @param labels [batch], int32: the true classes.
   * @returns one outcome a strength, in their order; the caller disposes the images of each.
   * @throws WeightmapError if images lie outside the classifier's bounds, a strength is negative or
   *   not finite, the classifier has too few classes, the attack can't aim and there are targets, or the classifier gives
   *   NaN, or probabilities instead of logits (see `fromProbabilities`).
   */
  run(
    classifier: Classifier,
    images: tf.Tensor4D,
    labels: tf.Tensor1D,
    options: AttackOptions,
  ): AttackOutcome[];
}

/**
 * An attack that looks for the nearest image that fools.
 *
 * Its `run` gives, for a strength ε, what it found within the distance ε, and the clean image elsewhere.
 */
export interface MinimalAttack extends Attack {
  /** It looks for the nearest image, and has `minimize`. */
  readonly kind: 'minimal';
  readonly norm: NormName;
  /**
   * Looks for the nearest image that fools, at whatever distance.
   *
   * @param images `[batch, height, width, channels]` within the classifier's bounds; they stay the caller's.
   * @param labels [batch], int32: the true classes.
   * @returns what was found, and how far away; the caller disposes the images.
   * @throws WeightmapError as `run` does.
   */
  minimize(
    classifier: Classifier,
    images: tf.Tensor4D,
    labels: tf.Tensor1D,
    options: AimOptions,
  ): MinimalOutcome;
}
