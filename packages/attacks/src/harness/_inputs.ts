import * as tf from '@tensorflow/tfjs';
import {
  checkClassifier,
  checkedImages,
  checkLogits,
  classIndices,
  WeightmapError,
  type AttackBatch,
  type AttackInfo,
  type Classifier,
} from '@weightmap/core';

/** The labels and targets of a batch, as numbers. */
export interface Truth {
  /** [batch] */
  readonly labels: ArrayLike<number>;
  /** [batch], or null without targets. */
  readonly targets: ArrayLike<number> | null;
}

/** A batch as attacks take it. */
export interface CheckedBatch {
  /** Images in float32 within the bounds; labels and targets in int32. */
  readonly batch: AttackBatch;
  readonly truth: Truth;
  /** Frees what was made to check the batch; what the caller gave stays. */
  readonly dispose: () => void;
}

/**
 * Checks a batch that a caller gives to an attack, and reads its labels and targets. Labels may be of another type, or an array.
 *
 * @throws WeightmapError with the invalid value.
 */
export function checkInputs(
  { id, targeted, leastClasses = 2 }: Pick<AttackInfo, 'id' | 'targeted' | 'leastClasses'>,
  classifier: Classifier,
  given: AttackBatch,
): CheckedBatch {
  checkClassifier(classifier);
  if (classifier.classes < leastClasses)
    throw new WeightmapError(
      `The attack ${id} needs ${leastClasses} classes or more, and the classifier has ${classifier.classes}.`,
      { fix: 'choose another attack, such as apgd-ce or apgd-margin' },
    );
  const made: tf.Tensor[] = [];
  const dispose = () => tf.dispose(made);
  const own = <T extends tf.Tensor>(tensor: T, before: unknown): T => {
    if (tensor !== before) made.push(tensor);
    return tensor;
  };
  try {
    const images = own(checkedImages(classifier, given.images), given.images);
    const size = { batch: images.shape[0], classes: classifier.answers ?? classifier.classes };
    const labels = classIndices(given.labels, size);
    const aims = given.targets && checkTargets({ id, targeted }, labels, given.targets, size);
    const asTensor = (values: Int32Array, before: tf.Tensor1D) =>
      (before as { dtype?: string }).dtype === 'int32' ? before : own(tf.tensor1d(values, 'int32'), before);
    return {
      batch: {
        images,
        labels: asTensor(labels, given.labels),
        ...(aims && { targets: asTensor(aims, given.targets) }),
      },
      truth: { labels, targets: aims ?? null },
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

function checkTargets(
  { id, targeted }: Pick<AttackInfo, 'id' | 'targeted'>,
  labels: Int32Array,
  targets: tf.Tensor1D,
  size: { readonly batch: number; readonly classes: number },
): Int32Array {
  if (!targeted)
    throw new WeightmapError(`The attack ${id} does not support targets.`, {
      expected: 'no targets',
      fix: 'omit the targets, or choose an attack with targeted: true',
    });
  const aims = classIndices(targets, size, 'target');
  const own = aims.findIndex((target, i) => target === labels[i]);
  if (own >= 0)
    throw new WeightmapError(`Target ${own} of the batch is ${aims[own]}, the image's own label.`, {
      expected: 'a class other than the label',
    });
  return aims;
}

/** Number of images whose outputs are checked: enough to tell logits from probabilities. */
const CHECKED_IMAGES = 16;

const givesLogits = new WeakSet<Classifier>();

/**
 * Checks, once for each classifier, that it outputs logits. The gradients of probabilities vanish, which weakens an attack.
 *
 * @throws WeightmapError if the outputs are probabilities.
 */
export function checkOutputs(classifier: Classifier, images: tf.Tensor4D): void {
  if (givesLogits.has(classifier)) return;
  tf.tidy(() => checkLogits(classifier, images.slice(0, Math.min(CHECKED_IMAGES, images.shape[0]))));
  givesLogits.add(classifier);
}

/**
 * The strengths as a list.
 *
 * @throws WeightmapError if there is no strength, or one is negative or not finite.
 */
export function checkStrengths(given: unknown): readonly number[] {
  const strengths = ArrayBuffer.isView(given) ? Array.from(given as unknown as ArrayLike<unknown>) : given;
  if (!Array.isArray(strengths))
    throw new WeightmapError(`The strengths of an attack are ${String(given)}.`, {
      expected: 'a list of numbers ≥ 0, also of a single one',
      fix:
        typeof given === 'number'
          ? `strengths: [${given}]`
          : 'run(classifier, images, labels, { strengths: […], random })',
    });
  if (strengths.length === 0)
    throw new WeightmapError('An attack needs a strength.', {
      where: 'strengths: []',
      expected: 'one or more',
    });
  const wrong = strengths.findIndex(
    (strength: unknown) => !(Number.isFinite(strength) && (strength as number) >= 0),
  );
  if (wrong >= 0)
    throw new WeightmapError(`Invalid attack strength: ${String(strengths[wrong])}.`, {
      where: `strengths: ${strengths.join(', ')}`,
      expected: 'finite numbers ≥ 0',
    });
  return strengths as readonly number[];
}

/** @throws WeightmapError if an attack gets no stream of random numbers. */
export function checkRandom(random: unknown): void {
  if (typeof (random as { uniforms?: unknown } | undefined)?.uniforms !== 'function')
    throw new WeightmapError('The attack has no stream of random numbers.', {
      expected: 'random, in the options',
      fix: 'random: randomStream(seed), of @weightmap/core',
    });
}
