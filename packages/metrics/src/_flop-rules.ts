/** Floating-point operations for one image: as the paper's table 4 counts them, and as they are executed. */
export type Flops = {
  /** By the convention behind table 4: k×k sums and their biases, nothing else. */
  readonly paper: number;
  /** Of all that runs at inference; a multiplication and an addition are two. */
  readonly executed: number;
};

/** One use of a layer; shapes without the batch. */
export interface LayerUse {
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly (readonly number[])[];
  readonly output: readonly number[];
}

export type FlopRule = (use: LayerUse) => Flops;

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

const conv2d: FlopRule = (use) => {
  const [kh, kw] = pair(use.config.kernelSize);
  const sums = 2 * kh * kw * use.inputs[0][2] * size(use.output);
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
const pooled = ({ config }: LayerUse) => {
  const [height, width] = pair(config.poolSize);
  return height * width;
};

/**
 * What a layer costs, by its class name. Executed: multiplications and additions count one each, as does any activation
 * function; a maximum is a comparison. Batch normalisation is the scale and the shift that it comes down to at inference.
 */
export const flopRules: Readonly<Record<string, FlopRule>> = {
  Conv2D: conv2d,
  SmoothingWeightMap: weightMap(false),
  UnsharpWeightMap: weightMap(true),
  Dense: dense,
  InputScale: onlyExecuted(({ output }) => size(output)),
  BatchNormalization: onlyExecuted(({ output }) => 2 * size(output)),
  Activation: onlyExecuted(activation),
  ReLU: onlyExecuted(({ output }) => size(output)),
  MaxPooling2D: onlyExecuted((use) => (pooled(use) - 1) * size(use.output)),
  AveragePooling2D: onlyExecuted((use) => pooled(use) * size(use.output)),
  GlobalAveragePooling2D: onlyExecuted(({ inputs }) => size(inputs[0])),
  Add: onlyExecuted(({ inputs, output }) => (inputs.length - 1) * size(output)),
  Concatenate: free,
  Dropout: free,
  Flatten: free,
  InputLayer: free,
  Reshape: free,
  ZeroPadding2D: free,
};
