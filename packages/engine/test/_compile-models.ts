import * as tf from '@tensorflow/tfjs';

/** Inputs of a training step, as a type with names. */
export type Batch = { images: tf.Tensor4D; labels: tf.Tensor2D };

/** [count, 6, 6, 2] images and one-hot labels of three classes. */
export function batchOf(count: number, seed = 1): Batch {
  return tf.tidy(() => ({
    images: tf.randomUniform<tf.Rank.R4>([count, 6, 6, 2], 0, 1, 'float32', seed),
    labels: tf
      .oneHot(tf.range(0, count, 1, 'int32').mod(tf.scalar(3, 'int32')).toInt(), 3)
      .toFloat() as tf.Tensor2D,
  }));
}

const uniform = (shape: number[], seed: number) =>
  tf.tidy(() => tf.variable(tf.randomUniform(shape, -0.3, 0.3, 'float32', seed)));

export interface Net {
  readonly variables: tf.Variable[];
  readonly logits: (images: tf.Tensor4D) => tf.Tensor2D;
  readonly dispose: () => void;
}

/** Convolution with bias and ReLU, then dense. */
export function convolutional(seed = 1): Net {
  const [w, b, v, c] = [[3, 3, 2, 5], [5], [80, 3], [3]].map((shape, i) => uniform(shape, 10 * seed + i));
  return {
    variables: [w, b, v, c],
    logits(images) {
      const maps = tf
        .conv2d(images, w as tf.Variable<tf.Rank.R4>, 1, 'valid')
        .add(b)
        .relu();
      return tf.add<tf.Tensor2D>(maps.reshape([images.shape[0], 80]).matMul(v), c);
    },
    dispose: () => tf.dispose([w, b, v, c]),
  };
}

/** A layers model with batch normalisation, in training mode: moving averages are state, too. */
export function normalized(seed = 1): Net & { readonly model: tf.LayersModel } {
  const initial = (n: number) => tf.initializers.glorotUniform({ seed: seed * 10 + n });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [6, 6, 2], filters: 4, kernelSize: 3, kernelInitializer: initial(1) }),
      tf.layers.batchNormalization({ momentum: 0.9 }),
      tf.layers.activation({ activation: 'relu' }),
      tf.layers.averagePooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, kernelInitializer: initial(2) }),
    ],
  });
  return {
    model,
    variables: model.weights.map((weight) => weight.read() as tf.Variable),
    logits: (images) => model.apply(images, { training: true }) as tf.Tensor2D,
    dispose: () => void model.dispose(),
  };
}

/** A weight for every pixel, a box sum by an average pool, a bias for every place: reshapes, transposes, batched products. */
export function weightMap(seed = 1): Net {
  const [w, b, v] = [
    [36, 2, 4],
    [4, 4, 4],
    [64, 3],
  ].map((shape, i) => uniform(shape, 10 * seed + i));
  return {
    variables: [w, b, v],
    logits(images) {
      const count = images.shape[0];
      const map = tf
        .matMul(images.reshape([count, 36, 2]).transpose([1, 0, 2]), w)
        .transpose([1, 0, 2])
        .reshape<tf.Tensor4D>([count, 6, 6, 4]);
      const boxes = tf.avgPool(map, 3, 1, 'valid').mul(9).add(b).relu();
      return boxes.reshape([count, 64]).matMul(v) as tf.Tensor2D;
    },
    dispose: () => tf.dispose([w, b, v]),
  };
}

/** One step of an optimizer; its loss before it. */
export const trainingStep =
  (net: Net, optimizer: tf.Optimizer) =>
  ({ images, labels }: Batch): tf.Scalar =>
    optimizer.minimize(
      () => tf.losses.softmaxCrossEntropy<tf.Tensor, tf.Scalar>(labels, net.logits(images)),
      true,
      net.variables.filter(({ trainable }) => trainable),
    ) as tf.Scalar;

/** The value of a scalar, which is disposed. */
export function take(scalar: tf.Tensor): number {
  const [value] = scalar.dataSync();
  scalar.dispose();
  return value;
}

export const valuesOf = (variables: tf.Tensor[]) => variables.map((variable) => [...variable.dataSync()]);

/** Largest difference over the largest value, or over `atLeast` if that is larger. */
export function difference(a: readonly number[], b: readonly number[], atLeast = 0): number {
  const scale = Math.max(atLeast, ...b.map(Math.abs));
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / scale;
}
