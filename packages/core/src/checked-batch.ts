import * as tf from '@tensorflow/tfjs';
import type { Classifier } from './classifier.js';
import { WeightmapError } from './errors.js';

const isTensor = (value: unknown): value is tf.Tensor =>
  typeof value === 'object' && value !== null && 'dataId' in value && 'shape' in value;

const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object'
    ? `an object of ${value.constructor?.name ?? 'no class'}`
    : `a ${typeof value}`;
};

/**
 * Checks the fields of a classifier: its number of classes, its shape of images and its bounds.
 *
 * @throws WeightmapError with what is wrong.
 */
export function checkClassifier(classifier: Classifier): void {
  const given = classifier as unknown as Partial<Classifier> | null | undefined;
  if (typeof given !== 'object' || given === null || typeof given.logits !== 'function') {
    const isModel = typeof (given as { predict?: unknown } | null | undefined)?.predict === 'function';
    throw new WeightmapError(
      isModel ? 'This is a model, not a classifier.' : `This is ${kindOf(given)}, not a classifier.`,
      {
        expected: '{ classes, inputShape, bounds, logits }',
        fix: 'make one: asClassifier(model, { bounds })',
      },
    );
  }
  const { classes, answers, inputShape, bounds } = given;
  const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0;
  if (!isCount(classes))
    throw new WeightmapError(`The classifier has ${String(classes)} classes.`, {
      expected: 'a whole number above 0',
    });
  if (answers !== undefined && !(isCount(answers) && answers <= classes))
    throw new WeightmapError(`The classifier has ${String(answers)} answers.`, {
      expected: `a whole number from 1 to ${classes}, its number of classes`,
    });
  if (!(Array.isArray(inputShape) && inputShape.length === 3 && inputShape.every(isCount)))
    throw new WeightmapError(`The classifier's inputShape is ${JSON.stringify(inputShape)}.`, {
      expected: '[height, width, channels], three whole numbers above 0',
    });
  checkBounds(bounds);
}

/** @throws WeightmapError if the bounds of the pixels are no range. */
export function checkBounds(bounds: unknown): void {
  const [low, high] = (Array.isArray(bounds) ? bounds : []) as unknown[];
  const isRange = Number.isFinite(low) && Number.isFinite(high) && (low as number) < (high as number);
  if (!isRange || (bounds as unknown[]).length !== 2)
    throw new WeightmapError(
      `The bounds of the pixels are ${Array.isArray(bounds) ? bounds.join(' and ') : String(bounds)}.`,
      {
        expected: 'two finite numbers, the smaller one first',
      },
    );
}

/** How far float32 may take a pixel past its bound, as a share of the largest number: eight units of the last place. */
const ROUNDING = 2 ** -20;

/**
 * Images as a classifier takes them: checked, in float32, within its bounds. Pixels that are out of bounds by a rounding of
 * float32 alone, such as 1.0000001, are set to the bound.
 *
 * @param what what the images are, in the plural, for the message.
 * @returns the images themselves if nothing had to be changed, else new ones, which the caller disposes.
 * @throws WeightmapError if the shape is not the classifier's, there are none, or a pixel is out of bounds or NaN.
 */
export function checkedImages(
  { inputShape, bounds: [low, high] }: Pick<Classifier, 'inputShape' | 'bounds'>,
  images: tf.Tensor4D,
  what = 'images',
): tf.Tensor4D {
  if (!isTensor(images))
    throw new WeightmapError(`The ${what} are ${kindOf(images)}.`, {
      expected: `a tensor of [batch, ${inputShape.join(', ')}], float32`,
      fix: 'make one by tf.tensor4d(values, shape), or by tensorsOf(set)',
    });
  if (images.isDisposed)
    throw new WeightmapError(`The ${what} are disposed.`, { expected: 'a tensor that still has its values' });
  const [batch, ...shape] = images.shape;
  if (shape.join() !== inputShape.join() || batch === 0)
    throw new WeightmapError(`The ${what} have the shape [${images.shape.join(', ')}].`, {
      expected: `[batch, ${inputShape.join(', ')}], the classifier's input, with one image or more`,
      fix: howToReshape(images.shape, inputShape),
    });
  if (!['float32', 'int32', 'bool'].includes(images.dtype))
    throw new WeightmapError(`The ${what} are of type ${images.dtype}.`, { expected: 'float32' });
  const floats = images.dtype === 'float32' ? images : images.cast<tf.Tensor4D>('float32');
  // In JavaScript: as fast as four operations of an engine, and none of them.
  const pixels = floats.dataSync();
  let [smallest, largest] = [Infinity, -Infinity];
  let hasNaN = false;
  for (const pixel of pixels) {
    if (Number.isNaN(pixel)) hasNaN = true;
    if (pixel < smallest) smallest = pixel;
    if (pixel > largest) largest = pixel;
  }
  if (!hasNaN && smallest >= Math.fround(low) && largest <= Math.fround(high)) return floats;
  const margin = ROUNDING * Math.max(Math.abs(low), Math.abs(high), high - low);
  const isRounded = !hasNaN && smallest >= low - margin && largest <= high + margin;
  const clipped = isRounded ? tf.clipByValue(floats, low, high) : null;
  if (floats !== images) floats.dispose();
  if (clipped) return clipped;
  const expected = `pixels within the classifier's bounds, ${low} … ${high}`;
  if (hasNaN) throw new WeightmapError(`The ${what} contain NaN.`, { expected });
  throw new WeightmapError(`The ${what} reach from ${smallest} to ${largest}.`, {
    expected,
    fix: 'scale the pixels, or create the classifier with the bounds of these images',
  });
}

function howToReshape(
  shape: readonly number[],
  [height, width, channels]: Classifier['inputShape'],
): string | undefined {
  if (shape.join() === [height, width, channels].join())
    return 'give a batch, also of a single image: images.expandDims(0)';
  if (shape.slice(1).join() === [channels, height, width].join())
    return 'the channels come last: images.transpose([0, 2, 3, 1])';
  if (shape.slice(1).join() === [height, width].join() && channels === 1)
    return 'add the axis of the channels: images.expandDims(3)';
  return undefined;
}

/**
 * The class of each image of a batch, as whole numbers: of an int32 tensor, a tensor of another type, or an array.
 *
 * @param given [batch] class indices from 0.
 * @param what what they are, for the message.
 * @throws WeightmapError if there are more or fewer than images, or one is no class; one-hot labels and labels from 1 are named.
 */
export function classIndices(
  given: tf.Tensor1D | ArrayLike<number>,
  { batch, classes }: { readonly batch: number; readonly classes: number },
  what: 'label' | 'target' = 'label',
): Int32Array {
  const expected = `[${batch}], one class index for each image, 0 … ${classes - 1}`;
  if (isTensor(given) && given.isDisposed)
    throw new WeightmapError(`The ${what}s are disposed.`, {
      expected: 'a tensor that still has its values',
    });
  const isList = Array.isArray(given) || (ArrayBuffer.isView(given) && 'length' in given);
  if (!isTensor(given) && !isList)
    throw new WeightmapError(`The ${what}s are ${kindOf(given)}.`, { expected });
  const shape = isTensor(given) ? given.shape : shapeOf(given);
  if (shape.length !== 1 || shape[0] !== batch) {
    const isOneHot = shape.length === 2 && shape[0] === batch && shape[1] === classes && classes > 1;
    throw new WeightmapError(`The ${what}s have the shape [${shape.join(', ')}].`, {
      expected,
      fix: isOneHot
        ? `one-hot ${what}s become indices by argMax(1)`
        : shape[0] === batch && shape[1] === 1
          ? `leave out the second axis: ${what}s.reshape([-1])`
          : undefined,
    });
  }
  const values = isTensor(given) ? (given.dataSync() as ArrayLike<unknown>) : (given as ArrayLike<unknown>);
  const isClass = (value: unknown) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) < classes;
  const wrong = Array.from(values).findIndex((value) => !isClass(value));
  if (wrong < 0) return Int32Array.from(values as ArrayLike<number>);
  const whole = Array.from(values, Number);
  const countsFromOne = whole.every((value) => Number.isInteger(value) && value >= 1 && value <= classes);
  const value = values[wrong];
  throw new WeightmapError(
    `${what === 'label' ? 'Label' : 'Target'} ${wrong} of the batch is ${typeof value === 'string' ? `"${value}"` : String(value)}.`,
    {
      expected: `0 … ${classes - 1}, one of ${classes} classes`,
      fix: countsFromOne ? `the ${what}s seem to count from 1: subtract 1` : undefined,
    },
  );
}

/** The shape of a list, or of a list of lists of equal length. */
function shapeOf(list: ArrayLike<unknown>): number[] {
  const [first] = Array.from({ length: Math.min(1, list.length) }, (_, i) => list[i]);
  return Array.isArray(first) || ArrayBuffer.isView(first)
    ? [list.length, (first as unknown as ArrayLike<unknown>).length]
    : [list.length];
}
