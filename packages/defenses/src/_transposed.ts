import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';

/** A network's layers from the last to the first, each with its weights transposed: from logits to images. */
export interface TransposedNetwork {
  /** Biases of its own, one list for each layer with weights, from the last: zeros at first. */
  readonly biases: readonly tf.Variable[];
  /**
   * @param codes [batch, classes], in the place of logits.
   * @param between is applied to the result of each layer with weights but the last one.
   * @returns [batch, height, width, channels], unbounded.
   */
  images(codes: tf.Tensor2D, between: (values: tf.Tensor) => tf.Tensor): tf.Tensor4D;
}

/** Takes the values that a layer gives back to its input; with the shape of an image's values there. */
type Backward = (values: tf.Tensor, layer: tf.layers.Layer, shape: readonly number[]) => tf.Tensor;

/** The values of an image before a layer, and after it. */
const shapesOf = (layer: tf.layers.Layer) =>
  [layer.input, layer.output].map((made) => (made as tf.SymbolicTensor).shape.slice(1) as number[]);

const weightOf = (layer: tf.layers.Layer) => layer.getWeights()[0];

/** Adds zeros around the rows and columns. */
const padded = (x: tf.Tensor, rows: number, columns: number) =>
  tf.pad(x, [
    [0, 0],
    [rows, rows],
    [columns, columns],
    [0, 0],
  ]);

/** Each place of a map gets the sum of the k × k windows that saw it. */
function boxTransposed(y: tf.Tensor, k: number, [height, width]: readonly number[]): tf.Tensor {
  const [, rows, columns] = y.shape;
  const wide = padded(y, (height - rows + k - 1) / 2, (width - columns + k - 1) / 2);
  const line = (x: tf.Tensor, axis: 1 | 2, length: number) =>
    Array.from({ length: k }, (_, i) => {
      const [begin, size] = [
        [0, 0, 0, 0],
        [-1, -1, -1, -1],
      ];
      begin[axis] = i;
      size[axis] = length;
      return x.slice(begin, size);
    }).reduce((sum, part) => sum.add(part));
  return line(line(wide, 1, height), 2, width);
}

/** Sum over the outputs at each place: [batch, height, width, outputs] · [height, width, inputs, outputs]. */
const placeByPlace = (y: tf.Tensor, weightMap: tf.Tensor) => {
  const [batch, height, width, outputs] = y.shape;
  const inputs = weightMap.shape[2]!;
  const byPlace = y.reshape([batch, height * width, outputs]).transpose([1, 0, 2]);
  const products = tf.matMul(byPlace, weightMap.reshape([height * width, inputs, outputs]), false, true);
  return products.transpose([1, 0, 2]).reshape([batch, height, width, inputs]);
};

const weightMap =
  (isUnsharp: boolean): Backward =>
  (y, layer, shape) => {
    const { kernelSize, strides } = layer.getConfig() as { kernelSize: number; strides: unknown };
    if (String(strides) !== '1' && String(strides) !== '1,1') throw unknown(layer, 'a stride');
    const [height, width] = shape;
    const [, rows, columns] = y.shape;
    const box = boxTransposed(y, kernelSize, shape);
    const centre = padded(y, (height - rows) / 2, (width - columns) / 2);
    return placeByPlace(isUnsharp ? centre.mul(2).sub(box) : box, weightOf(layer));
  };

/** Repeats each value in its window, and adds zeros for the rows and columns that no window covers. */
const unpooled: Backward = (y, layer, [height, width]) => {
  const { poolSize } = layer.getConfig() as { poolSize: [number, number] };
  const [batch, rows, columns, channels] = y.shape;
  const [down, right] = poolSize;
  const wide = tf.concat(Array<tf.Tensor>(right).fill(y), 3);
  const lines = wide.reshape([batch, rows, columns * right * channels]);
  const large = tf.concat(Array<tf.Tensor>(down).fill(lines), 2);
  return tf.pad(large.reshape([batch, rows * down, columns * right, channels]), [
    [0, 0],
    [0, height - rows * down],
    [0, width - columns * right],
    [0, 0],
  ]);
};

const same: Backward = (y) => y;

/** The layers with weights, which have a bias each on the way back. */
const withWeights: Readonly<Record<string, Backward>> = {
  Dense: (y, layer) => y.matMul(weightOf(layer), false, true),
  Conv2D(y, layer, shape) {
    const { strides, padding } = layer.getConfig() as {
      strides: [number, number];
      padding: 'same' | 'valid';
    };
    const whole = [y.shape[0], ...shape] as [number, number, number, number];
    return tf.conv2dTranspose(y as tf.Tensor4D, weightOf(layer) as tf.Tensor4D, whole, strides, padding);
  },
  SmoothingWeightMap: weightMap(false),
  UnsharpWeightMap: weightMap(true),
};

/** The others. Batch normalisation and activations are left out on the way back. */
const withoutWeights: Readonly<Record<string, Backward>> = {
  Activation: same,
  ReLU: same,
  Dropout: same,
  BatchNormalization: same,
  Flatten: (y, _layer, shape) => y.reshape([y.shape[0], ...shape]),
  ZeroPadding2D(y, _layer, [height, width]) {
    const [, rows, columns] = y.shape;
    return y.slice([0, (rows - height) / 2, (columns - width) / 2], [-1, height, width]);
  },
  MaxPooling2D: unpooled,
};

const unknown = (layer: tf.layers.Layer, what: string) =>
  new WeightmapError(`A network with ${what} can't be run from its logits to an image.`, {
    where: `layer ${layer.name}`,
    expected: `a chain of layers of the classes ${Object.keys({ ...withWeights, ...withoutWeights }).join(', ')}, weight maps without strides`,
  });

/**
 * The network from its logits to an image, by its own weights transposed.
 *
 * @throws WeightmapError if its layers are no chain, or there is no way back through one of them.
 */
export function transposed(model: tf.LayersModel): TransposedNetwork {
  const layers = model.layers.filter((layer) => layer.getClassName() !== 'InputLayer').reverse();
  const ways = layers.map((layer, i) => {
    const type = layer.getClassName();
    if (!Object.hasOwn(withWeights, type) && !Object.hasOwn(withoutWeights, type))
      throw unknown(layer, `a layer of the class ${type}`);
    const before = layers.at(i + 1)?.output ?? model.inputs[0];
    if (layer.input !== before) throw unknown(layer, 'branches');
    const hasWeights = Object.hasOwn(withWeights, type);
    const [shape] = shapesOf(layer);
    return { layer, shape, hasWeights, back: hasWeights ? withWeights[type] : withoutWeights[type] };
  });
  const weighted = ways.filter(({ hasWeights }) => hasWeights);
  const biases = weighted.map(({ shape }) => tf.tidy(() => tf.variable(tf.zeros([shape.at(-1)!]))));
  return {
    biases,
    images(codes, between) {
      let values: tf.Tensor = codes;
      for (const { layer, shape, hasWeights, back } of ways) {
        values = back(values, layer, shape);
        if (!hasWeights) continue;
        const position = weighted.findIndex((one) => one.layer === layer);
        values = values.add(biases[position]);
        if (position < weighted.length - 1) values = between(values);
      }
      return values as tf.Tensor4D;
    },
  };
}

/** Cross-entropy of logits with shares from 0 to 1, mean over all values: max(z, 0) − z·p + log(1 + e^−|z|). */
export const sigmoidCrossEntropy = (logits: tf.Tensor, shares: tf.Tensor | number): tf.Scalar =>
  logits.relu().sub(logits.mul(shares)).add(logits.abs().neg().exp().add(1).log()).mean<tf.Scalar>();
