import type { FlopRule, LayerUse } from '@weightmap/core';

const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

/** What the paper leaves out. */
const onlyExecuted =
  (count: (use: LayerUse) => number): FlopRule =>
  (use) => ({ paper: 0, executed: count(use) });

const free = onlyExecuted(() => 0);

/** n, or [n, m] → [n, m]. */
const pair = (value: unknown): readonly [number, number] =>
  Array.isArray(value) ? (value as [number, number]) : [value as number, value as number];

/** One operation for an element if there is an activation at all. */
const activation = ({ config, output }: LayerUse) =>
  (config.activation ?? 'linear') === 'linear' ? 0 : size(output);

const bias = ({ config, output }: LayerUse) => (config.useBias === false ? 0 : size(output));

/** The elements of a kernel, in as many dimensions as it has. */
const elements = (kernel: unknown) => size(Array.isArray(kernel) ? (kernel as number[]) : pair(kernel));

/** A convolution in any number of dimensions: a product and an addition for each element of each window and input channel. */
const convolution: FlopRule = (use) => {
  const channels = use.inputs[0].at(-1) as number;
  const sums = 2 * elements(use.config.kernelSize) * channels * size(use.output);
  return { paper: sums + bias(use), executed: sums + bias(use) + activation(use) };
};

/** Each channel with kernels of its own: no sum over channels. */
const depthwise: FlopRule = (use) => {
  const sums = 2 * elements(use.config.kernelSize) * size(use.output);
  return { paper: sums + bias(use), executed: sums + bias(use) + activation(use) };
};

/** A depthwise convolution without bias, then a 1×1 convolution. */
const separable: FlopRule = (use) => {
  const { config, inputs, output } = use;
  const places = size(output.slice(0, -1));
  const between = (inputs[0].at(-1) as number) * ((config.depthMultiplier as number | undefined) ?? 1);
  const sums = 2 * elements(config.kernelSize) * between * places + 2 * between * size(output);
  return { paper: sums + bias(use), executed: sums + bias(use) + activation(use) };
};

/** Each input element is multiplied by a kernel for each output channel, and added to the window it falls on. */
const transposed: FlopRule = (use) => {
  const { config, inputs, output } = use;
  const sums = 2 * elements(config.kernelSize) * size(inputs[0]) * (output.at(-1) as number);
  return { paper: sums + bias(use), executed: sums + bias(use) + activation(use) };
};

const dense = onlyExecuted(
  (use) => 2 * (use.inputs[0].at(-1) as number) * size(use.output) + bias(use) + activation(use),
);

/** Zeros added to [height, width], both sides together: for 'valid', 'same', p or [[top, bottom], [left, right]]. */
function paddingOf(padding: unknown, kernel: readonly [number, number]): readonly [number, number] {
  if (padding === 'valid') return [0, 0];
  if (padding === 'same') return [kernel[0] - 1, kernel[1] - 1];
  if (!Array.isArray(padding)) return [2 * (padding as number), 2 * (padding as number)];
  const [rows, columns] = padding as [[number, number], [number, number]];
  return [rows[0] + rows[1], columns[0] + columns[1]];
}

/**
 * Weight map layers. The paper's form sums the k×k windows of every channel pair's map m = W ⊙ x,
 * 2·k²·Ci·Co·Ho·Wo, and for unsharp 2·m − box(m) costs 2 at each of the Ci·Co·Ho·Wo window centres. The product W ⊙ x
 * itself isn't in table 4. With a stride only the windows that are kept count, as for convolutions.
 *
 * Executed is the summed form: M = Σ_ci x·W first, 2·H·W·Ci·Co, at every pixel whatever the stride, since windows
 * overlap; then the box; for unsharp 2·M − box, 2 for each output.
 */
const weightMap =
  (unsharp: boolean): FlopRule =>
  (use) => {
    const { config, inputs, output } = use;
    const [height, width, ci] = inputs[0];
    const products = 2 * height * width * ci * output[2];
    const [kh, kw] = pair(config.kernelSize);
    const sharpening = unsharp ? 2 * size(output) : 0;
    return {
      paper: 2 * kh * kw * ci * size(output) + ci * sharpening + bias(use),
      executed: products + boxSum(use) + sharpening + bias(use) + activation(use),
    };
  };

/** From this kernel size on the layers sum columns first, then rows: as `_box-sum.ts` of `@weightmap/wm-layers`. */
const SEPARABLE_FROM = 7;

/**
 * The box as the layers run it: an average pool, k² − 1 additions and a division, and a multiplication to undo the
 * division; large ones as two pools, k×1 and 1×k.
 */
function boxSum({ config, inputs, output }: LayerUse): number {
  const [kh, kw] = pair(config.kernelSize);
  if (kh === 1) return 0;
  if (kh < SEPARABLE_FROM) return (kh * kw + 1) * size(output);
  const [, width] = inputs[0];
  const [rows, , co] = output;
  const [, padColumns] = paddingOf(config.padding, [kh, kw]);
  return kh * rows * (width + padColumns) * co + (kw + 1) * size(output);
}

/** Elements that one output of a pooling layer is made of. */
const pooled = ({ config }: LayerUse) => elements(config.poolSize);

/** The largest of each channel: comparisons. */
const globalMaximum = onlyExecuted(({ inputs, output }) => size(inputs[0]) - size(output));

const each = onlyExecuted(({ output }) => size(output));
const maximumOfPool = onlyExecuted((use) => (pooled(use) - 1) * size(use.output));
const averageOfPool = onlyExecuted((use) => pooled(use) * size(use.output));
const globalAverage = onlyExecuted(({ inputs }) => size(inputs[0]));

/** One operation less than there are inputs, for each element. */
const merged = onlyExecuted(({ inputs, output }) => (inputs.length - 1) * size(output));

/**
 * For each group of n elements: the mean and the variance, n additions each, n differences and n squares; the inverse root of
 * variance + ε, 2; n products with it; then the scale and the shift.
 */
const layerNormalization = onlyExecuted(({ config, output }) => {
  const axes = [config.axis].flat() as number[];
  const n = size(axes.map((axis) => output[axis < 0 ? output.length + axis : axis - 1]));
  const perElement = 5 + (config.scale === false ? 0 : 1) + (config.center === false ? 0 : 1);
  return perElement * size(output) + (2 * size(output)) / n;
});

/** Bilinear: three interpolations a + (b − a)·t; the nearest neighbour is only copied. */
const resized = (config: LayerUse['config'], elements: number) =>
  config.interpolation === 'bilinear' ? 9 * elements : 0;

/** The products of vectors along an axis, and, where they are normalised before, n squares, n sums and n products each. */
const dot = onlyExecuted(({ config, inputs, output }) => {
  const [axis] = [config.axes].flat() as number[];
  const [first] = inputs;
  const length = first[axis < 0 ? first.length + axis : axis - 1];
  const normalised = config.normalize === true ? 3 * inputs.reduce((sum, shape) => sum + size(shape), 0) : 0;
  return 2 * length * size(output) + normalised;
});

/**
 * What a layer costs, by its class name. Executed: multiplications and additions count one each, as does any activation
 * function; a maximum is a comparison. Batch normalisation is the scale and the shift that it comes down to at inference.
 */
export const flopRules: Readonly<Record<string, FlopRule>> = {
  Conv1D: convolution,
  Conv2D: convolution,
  Conv3D: convolution,
  Conv2DTranspose: transposed,
  Conv3DTranspose: transposed,
  DepthwiseConv2D: depthwise,
  SeparableConv2D: separable,
  SmoothingWeightMap: weightMap(false),
  UnsharpWeightMap: weightMap(true),
  Dense: dense,
  InputScale: each,
  Rescaling: onlyExecuted(({ output }) => 2 * size(output)),
  BatchNormalization: onlyExecuted(({ output }) => 2 * size(output)),
  LayerNormalization: layerNormalization,
  Activation: onlyExecuted(activation),
  ReLU: each,
  LeakyReLU: each,
  PReLU: each,
  ELU: each,
  ThresholdedReLU: each,
  Softmax: each,
  MaxPooling1D: maximumOfPool,
  MaxPooling2D: maximumOfPool,
  MaxPooling3D: maximumOfPool,
  AveragePooling1D: averageOfPool,
  AveragePooling2D: averageOfPool,
  AveragePooling3D: averageOfPool,
  GlobalMaxPooling1D: globalMaximum,
  GlobalMaxPooling2D: globalMaximum,
  GlobalAveragePooling1D: globalAverage,
  GlobalAveragePooling2D: globalAverage,
  UpSampling2D: onlyExecuted(({ config, output }) => resized(config, size(output))),
  Add: merged,
  Multiply: merged,
  Maximum: merged,
  Minimum: merged,
  Average: onlyExecuted(({ inputs, output }) => inputs.length * size(output)),
  Dot: dot,
  AlphaDropout: free,
  Concatenate: free,
  Cropping2D: free,
  Dropout: free,
  Flatten: free,
  GaussianDropout: free,
  GaussianNoise: free,
  InputLayer: free,
  Permute: free,
  RepeatVector: free,
  Reshape: free,
  SpatialDropout1D: free,
  ZeroPadding2D: free,
};
