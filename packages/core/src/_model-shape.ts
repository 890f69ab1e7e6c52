import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from './errors.js';

/** Which images a model takes, and which of its outputs tells the classes. */
export interface ModelShapeOptions {
  /**
   * [height, width, channels] of the images, for a model whose input has an open size, or is a vector or has no channels: the
   * images are reshaped. Default: the model's own.
   */
  inputShape?: readonly [height: number, width: number, channels: number];
  /** Of a model with several outputs: the name of the one to use, which is that of its layer. */
  output?: string;
}

type ImageShape = readonly [height: number, width: number, channels: number];

/** A model as a function of images, one row of numbers for each. */
export interface ModelFunction {
  readonly inputShape: ImageShape;
  /** Index of the output. */
  readonly output: number;
  /** Numbers for each image. */
  readonly outputs: number;
  /** In inference mode. @returns [batch, outputs] */
  readonly apply: (images: tf.Tensor4D) => tf.Tensor2D;
}

/** @throws WeightmapError if the model takes no images, or gives something else than one row of numbers for each. */
export function functionOf(model: tf.LayersModel, options: ModelShapeOptions): ModelFunction {
  if (!((model as unknown) instanceof tf.LayersModel))
    throw new WeightmapError('This is no Layers model.', {
      expected: 'a model of tf.model, tf.sequential or tf.loadLayersModel (loadModel)',
      fix: 'a graph model has no layers: pass { classes, inputShape, bounds, logits } instead of asClassifier(model)',
    });
  if (model.inputs.length !== 1)
    throw new WeightmapError(`The model has ${model.inputs.length} inputs.`, {
      where: model.inputNames.join(', '),
      expected: 'one, for the images',
      fix: 'build a model with the images as its only input, and constants for the others',
    });
  const given = model.inputs[0].shape;
  const inputShape = imageShape(model, options.inputShape);
  const { output, outputs } = chosenOutput(model, options.output, inputShape);
  const isReshaped = given.length !== 4;
  return {
    inputShape,
    output,
    outputs,
    apply: (images) => {
      const results = tf.tidy(() => {
        const input = isReshaped ? images.reshape([-1, ...(given.slice(1) as number[])]) : images;
        const applied = model.apply(input, { training: false }) as tf.Tensor | tf.Tensor[];
        return Array.isArray(applied) ? applied[output] : applied;
      });
      return results as tf.Tensor2D;
    },
  };
}

const sizeOf = (shape: readonly (number | null)[]) =>
  shape.reduce((size: number, length) => size * (length ?? 1), 1);

const text = (shape: tf.Shape) => `[${shape.map((length) => length ?? 'open').join(', ')}]`;

function imageShape(model: tf.LayersModel, wanted: ImageShape | undefined): ImageShape {
  const [{ shape, dtype }] = model.inputs;
  const [batch, ...own] = shape;
  const complaint = (what: string, fix: string) =>
    new WeightmapError(what, {
      where: `the model's input, ${text(shape)}`,
      expected: '[batch, height, width, channels], batch open',
      fix,
    });
  if (
    wanted !== undefined &&
    !(wanted.length === 3 && wanted.every((length) => Number.isInteger(length) && length > 0))
  )
    throw new WeightmapError(`The inputShape is ${JSON.stringify(wanted)}.`, {
      expected: '[height, width, channels], three whole numbers above 0',
    });
  if (dtype !== undefined && dtype !== 'float32')
    throw complaint(`The model takes ${dtype}, which has no gradient.`, 'build it for float32');
  if (batch !== null)
    throw complaint(
      `The model takes batches of exactly ${batch} images.`,
      'build it with an open batch size (null)',
    );
  if (own.length !== 3) {
    const isVector = own.length === 1;
    const isPlane = own.length === 2;
    if (!isVector && !isPlane) throw complaint('The model takes no images.', 'take a model of images');
    if (wanted === undefined)
      throw complaint(
        isVector ? 'The model takes vectors.' : 'The model takes images without an axis for channels.',
        'give the images’ shape: asClassifier(model, { inputShape: [height, width, channels] })',
      );
    if (
      own.includes(null) ||
      sizeOf(own) !== sizeOf(wanted) ||
      (isPlane && (own[0] !== wanted[0] || wanted[2] !== 1))
    )
      throw complaint(
        `Images of [${wanted.join(', ')}] can't be reshaped to the model's input.`,
        'correct the inputShape',
      );
    return wanted;
  }
  if (isChannelsFirst(model))
    throw complaint(
      'The layers of the model expect the channels first.',
      'build it with the channels last (data_format "channels_last"), as TensorFlow.js and this project have them',
    );
  if (wanted === undefined) {
    if (own.includes(null))
      throw complaint(
        'The size of the images is open.',
        'give it: asClassifier(model, { inputShape: [height, width, channels] })',
      );
    return own as unknown as ImageShape;
  }
  if (own.some((length, i) => length !== null && length !== wanted[i]))
    throw complaint(
      `The model doesn't take images of [${wanted.join(', ')}].`,
      own[0] === wanted[2] ? 'put the channels last' : 'correct the inputShape',
    );
  return wanted;
}

/** Whether layers expect [batch, channels, height, width], and none turns the axes before them. */
function isChannelsFirst(model: tf.LayersModel): boolean {
  const all = (one: tf.LayersModel): tf.layers.Layer[] =>
    one.layers.flatMap((layer) => (layer instanceof tf.LayersModel ? all(layer) : [layer]));
  const layers = all(model);
  return (
    layers.some((layer) => layer.getConfig().dataFormat === 'channelsFirst') &&
    !layers.some((layer) => layer.getClassName() === 'Permute')
  );
}

function chosenOutput(model: tf.LayersModel, name: string | undefined, inputShape: ImageShape) {
  const { outputNames } = model;
  const several = `${outputNames.join(', ')}`;
  const places = outputNames.flatMap((own, i) => (own === name ? [i] : []));
  if (name !== undefined && places.length !== 1)
    throw new WeightmapError(
      places.length === 0
        ? `The model has no output "${name}".`
        : `${places.length} outputs of the model are named "${name}".`,
      { expected: `one of ${several}` },
    );
  if (name === undefined && model.outputs.length > 1)
    throw new WeightmapError(`The model has ${model.outputs.length} outputs.`, {
      where: several,
      expected: 'one, with a number for each class',
      fix: `name it: asClassifier(model, { output: '${outputNames[0]}' })`,
    });
  const output = places[0] ?? 0;
  const { shape } = model.outputs[output];
  const outputs = shape[1];
  if (shape.length !== 2 || outputs === null)
    throw new WeightmapError(`The model's output is ${text(shape)}.`, {
      where: `the output "${outputNames[output]}"`,
      expected: '[batch, classes], one row for each image',
      fix:
        shape.length === 4
          ? 'a map of classes, as for segmentation, has no single class to attack; to classify images, end the model in a global pooling or a flatten layer'
          : 'end the model in a fully connected layer',
    });
  if (model.inputs[0].shape.includes(null)) checkSize(model, inputShape);
  return { output, outputs };
}

/** @throws WeightmapError if the model's layers can't work on images of that size. */
function checkSize(model: tf.LayersModel, inputShape: ImageShape): void {
  if (model.inputs[0].shape.slice(1).every((length) => length !== null)) return;
  const fits = (() => {
    try {
      return tf.tidy(() => model.apply(tf.zeros([1, ...inputShape]), { training: false }) !== null);
    } catch {
      return false;
    }
  })();
  if (!fits)
    throw new WeightmapError(`The model doesn't work on images of [${inputShape.join(', ')}].`, {
      where: "its layers' sizes",
      fix: 'give larger images, or a model for images of this size',
    });
}
