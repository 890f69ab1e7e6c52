import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { smoothing, unsharp, type WindowOptions } from '@weightmap/wm-layers';

/** Mean and variance of each activation, of one shape. */
export interface Moments {
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/** Keeps variances above 0, as in the authors' code. */
const FLOOR = 1e-20;

const density = (x: tf.Tensor) =>
  x
    .square()
    .div(-2)
    .exp()
    .div(Math.sqrt(2 * Math.PI));
const distribution = (x: tf.Tensor) => x.div(Math.SQRT2).erf().add(1).div(2);

/** Moments from the first two, of which the second is not central. */
const central = (first: tf.Tensor, second: tf.Tensor): Moments => ({
  mean: first,
  variance: second.sub(first.square()).maximum(FLOOR),
});

/** max(x, 0) of a normal x: E = μΦ(a) + σφ(a), E[x²] = (μ² + σ²)Φ(a) + μσφ(a), a = μ/σ. */
export function rectified({ mean, variance }: Moments): Moments {
  const deviation = variance.maximum(FLOOR).sqrt();
  const a = mean.div(deviation);
  const [Φ, φ] = [distribution(a), density(a)];
  const second = mean.square().add(variance).mul(Φ).add(mean.mul(deviation).mul(φ));
  return central(mean.mul(Φ).add(deviation.mul(φ)), second);
}

/** max(x, y) of independent normals (Clark, 1961), with θ² = σ₁² + σ₂² and α = (μ₁ − μ₂)/θ. */
export function larger(x: Moments, y: Moments): Moments {
  const θ = x.variance.add(y.variance).maximum(FLOOR).sqrt();
  const α = x.mean.sub(y.mean).div(θ);
  const [up, down, φ] = [distribution(α), distribution(α.neg()), density(α)];
  const first = x.mean.mul(up).add(y.mean.mul(down)).add(θ.mul(φ));
  const second = x.mean
    .square()
    .add(x.variance)
    .mul(up)
    .add(y.mean.square().add(y.variance).mul(down))
    .add(x.mean.add(y.mean).mul(θ).mul(φ));
  return central(first, second);
}

/** The largest of each window of pixels that don't overlap, pair by pair. */
function pooled(x: Moments, [rows, columns]: readonly number[]): Moments {
  const [, height, width] = x.mean.shape;
  const [h, w] = [Math.floor(height / rows), Math.floor(width / columns)];
  const tap = (values: tf.Tensor, i: number, j: number) => {
    const [batch, , , channels] = values.shape;
    return values
      .slice([0, 0, 0, 0], [-1, h * rows, w * columns, -1])
      .reshape([batch, h, rows, w, columns * channels])
      .slice([0, 0, i, 0, j * channels], [-1, -1, 1, -1, channels])
      .reshape([batch, h, w, channels]);
  };
  const taps = Array.from({ length: rows * columns }, (_, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    return { mean: tap(x.mean, i, j), variance: tap(x.variance, i, j) };
  });
  return taps.reduce(larger);
}

type Config = Readonly<Record<string, unknown>>;
type Kernel = (x: tf.Tensor, kernel: tf.Tensor, config: Config) => tf.Tensor;
type Operator = (x: Moments, layer: tf.layers.Layer, config: Config) => Moments;

/**
 * Σ w·x + b has the variance Σ w²·σ²: the layer itself for the mean, its squared kernel for the variance.
 *
 * @param squared applies a squared kernel, if not as the kernel itself.
 */
const linear =
  (apply: Kernel, squared: Kernel = apply): Operator =>
  (x, layer, config) => {
    const [kernel, bias] = layer.getWeights();
    const mean = apply(x.mean, kernel, config);
    const result = {
      mean: bias ? mean.add(bias) : mean,
      variance: squared(x.variance, kernel.square(), config),
    };
    return activated(result, config.activation, layer);
  };

function activated(x: Moments, activation: unknown, layer: tf.layers.Layer): Moments {
  if (activation === 'relu') return rectified(x);
  if (activation === 'linear' || activation === undefined || activation === null) return x;
  throw unknown(layer, `the activation ${JSON.stringify(activation)}`);
}

const unknown = (layer: tf.layers.Layer, what: string) =>
  new WeightmapError(`There is no stochastic operator for ${what}.`, {
    where: `layer ${layer.name}`,
    expected: `layers of the classes ${Object.keys(operators).join(', ')}, with ReLU or no activation`,
  });

const same: Operator = (x) => x;

/** A weight map's own sum, without bias and activation. */
const weightMap =
  (operation: typeof smoothing): Kernel =>
  (x, kernel, { kernelSize, padding, strides }) =>
    operation(x as tf.Tensor4D, kernel as tf.Tensor4D, null, {
      kernelSize,
      padding,
      strides,
    } as WindowOptions);

/** One operator for each class of layers. */
const operators: Readonly<Record<string, Operator>> = {
  InputLayer: same,
  Dropout: same,
  Conv2D: linear((x, kernel, { strides, padding }) =>
    tf.conv2d(
      x as tf.Tensor4D,
      kernel as tf.Tensor4D,
      strides as [number, number],
      padding as 'same' | 'valid',
    ),
  ),
  Dense: linear((x, kernel) => x.matMul(kernel)),
  SmoothingWeightMap: linear(weightMap(smoothing)),
  // The centre has the factor 2 − 1 and the others −1: squared, all have 1.
  UnsharpWeightMap: linear(weightMap(unsharp), weightMap(smoothing)),
  Activation: (x, layer, { activation }) => activated(x, activation, layer),
  ReLU: rectified,
  Flatten: ({ mean, variance }) => ({
    mean: mean.reshape([mean.shape[0], -1]),
    variance: variance.reshape([variance.shape[0], -1]),
  }),
  MaxPooling2D(x, layer, { poolSize, strides, padding }) {
    if (String(poolSize) !== String(strides) || padding !== 'valid')
      throw unknown(layer, 'windows that overlap');
    return pooled(x, poolSize as number[]);
  },
};

/**
 * Mean and variance of the outputs of a network whose layers are a chain, for normal inputs that are independent of each other.
 *
 * @throws WeightmapError for a layer without an operator.
 */
export function momentsThrough(model: tf.LayersModel, input: Moments): Moments {
  return model.layers.reduce((x, layer) => {
    const operator = operators[layer.getClassName()];
    if (!operator) throw unknown(layer, `layers of the class ${layer.getClassName()}`);
    return operator(x, layer, layer.getConfig());
  }, input);
}
