import * as tf from '@tensorflow/tfjs';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { flops, flopsByLayer, trainableParameters, type FlopRule } from '../src/index.js';

useEngine();

const { conv2d, dense, flatten } = tf.layers;

type MapConfig = { filters: number; kernelSize: number; padding: unknown; strides: number; useBias: boolean };
const zeros = (padding: unknown, k: number): number[] => {
  if (Array.isArray(padding)) return (padding as number[][]).map(([before, after]) => before + after);
  const both = padding === 'same' ? k - 1 : padding === 'valid' ? 0 : 2 * (padding as number);
  return [both, both];
};

/** A layer of a weight map layer's shapes and configuration, and no weights: all that the rules may look at. */
class MapLike extends tf.layers.Layer {
  constructor(private readonly options: MapConfig & { inputShape?: tf.Shape }) {
    super(options);
  }
  override computeOutputShape([batch, height, width]: tf.Shape): tf.Shape {
    const { filters, kernelSize: k, padding, strides } = this.options;
    const [rows, columns] = zeros(padding, k);
    const size = (n: number) => Math.floor((n - k) / strides) + 1;
    return [batch, size((height as number) + rows), size((width as number) + columns), filters];
  }
  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.options, activation: 'relu' } as tf.serialization.ConfigDict;
  }
}
class SmoothingLike extends MapLike {
  static readonly className = 'SmoothingWeightMap';
}
class UnsharpLike extends MapLike {
  static readonly className = 'UnsharpWeightMap';
}

type Options = Partial<MapConfig> & { filters: number; inputShape?: tf.Shape };
const defaults = { kernelSize: 3, padding: 'valid', strides: 1, useBias: true };
const smoothing = (options: Options): tf.layers.Layer => new SmoothingLike({ ...defaults, ...options });
const unsharp = (options: Options): tf.layers.Layer => new UnsharpLike({ ...defaults, ...options });

/** Table 1: three convolutions or weight map layers, then 64 and 10 units. `pad` zeros on each side go before a convolution. */
function convolutional(widths: number[], kernelSize: number, pad = 0): tf.LayersModel {
  const model = tf.sequential();
  widths.forEach((filters, i) => {
    const inputShape = i === 0 ? { inputShape: [28, 28, 1] } : {};
    if (pad) model.add(tf.layers.zeroPadding2d({ padding: pad, ...inputShape }));
    model.add(conv2d({ filters, kernelSize, activation: 'relu', ...(pad ? {} : inputShape) }));
  });
  model.add(flatten());
  model.add(dense({ units: 64, activation: 'relu' }));
  model.add(dense({ units: 10 }));
  return model;
}

const maps = (layer: typeof smoothing, options: Partial<MapConfig> = {}) =>
  tf.sequential({
    layers: [
      layer({ filters: 32, inputShape: [28, 28, 1], ...options }),
      layer({ filters: 32, ...options }),
      layer({ filters: 8, ...options }),
      flatten(),
      dense({ units: 64, activation: 'relu' }),
      dense({ units: 10 }),
    ],
  });

describe('flops, by the paper’s convention', () => {
  // exact: Σ (2·k²·Ci + 1)·Co·Ho·Wo, for unsharp 2·28·28·Σ Ci·Co besides; worked out by hand.
  it.each([
    { row: 'wide', model: () => convolutional([200, 500, 8], 3), exact: 1_074_508_672, printed: 1.07 },
    { row: '33 channels', model: () => convolutional([33, 33, 8], 3), exact: 14_037_452, printed: 0.014 },
    {
      row: 'kernel size 9',
      model: () => convolutional([33, 33, 8], 9, 3),
      exact: 125_975_564,
      printed: 0.125,
    },
    { row: 'smooth', model: () => maps(smoothing), exact: 13_280_416, printed: 0.013 },
    {
      row: 'smooth, kernel size 9',
      model: () => maps(smoothing, { kernelSize: 9, padding: 3 }),
      exact: 119_172_256,
      printed: 0.119,
    },
    { row: 'unsharp', model: () => maps(unsharp, { padding: 'same' }), exact: 20_628_608, printed: 0.02 },
  ])('prints table 4’s column when truncated: $row', ({ model, exact, printed }) => {
    const { paper } = flops(model());
    expect(paper).toBe(exact);
    const unit = printed > 1 ? 100 : 1000; // two places in the row of 1.07, three in the others
    expect(Math.floor((paper / 1e9) * unit) / unit).toBe(printed);
  });
});

describe('flops of layers with a stride, by the paper’s convention', () => {
  /** What the naive form does, operation by operation, for the windows that are kept. */
  function counted([height, width, ci]: number[], co: number, stride: number, sharpens: boolean): number {
    let operations = 0;
    for (let y = 0; y < height; y += stride)
      for (let x = 0; x < width; x += stride)
        for (let o = 0; o < co; o++) {
          for (let c = 0; c < ci; c++) {
            for (let pixel = 0; pixel < 9; pixel++) operations += 2; // a product with the kernel and an addition
            if (sharpens) operations += 2; // 2·m, minus the box
          }
          operations += 1; // the bias
        }
    return operations;
  }

  it.each([
    [9, 7],
    [8, 6],
    [9, 6],
  ])('%i×%i', (height, width) => {
    const inputShape = [height, width, 3];
    const paperOf = (...layers: tf.layers.Layer[]) => flops(tf.sequential({ layers })).paper;
    for (const strides of [1, 2]) {
      const options = { filters: 4, inputShape, padding: 'same', strides };
      expect(paperOf(smoothing(options))).toBe(counted(inputShape, 4, strides, false));
      expect(paperOf(unsharp(options))).toBe(counted(inputShape, 4, strides, true));
      const convolution = conv2d({ filters: 4, kernelSize: 3, strides });
      const padded = [tf.layers.zeroPadding2d({ padding: 1, inputShape }), convolution];
      expect(paperOf(...padded)).toBe(counted(inputShape, 4, strides, false));
    }
  });
});

describe('flops, executed', () => {
  const rowOf = (layer: tf.layers.Layer, ...shapes: number[][]) => {
    const inputs = shapes.map((shape) => tf.input({ shape }));
    const outputs = layer.apply(inputs.length === 1 ? inputs[0] : inputs) as tf.SymbolicTensor;
    return flopsByLayer(tf.model({ inputs, outputs })).at(-1)?.executed;
  };

  it('counts a convolution’s products, sums, bias and activation', () => {
    expect(rowOf(conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' }), [8, 6, 2])).toBe(
      2 * 9 * 2 * 4 * (4 * 3) + 4 * 3 * 4,
    );
    const bare = conv2d({ filters: 4, kernelSize: [1, 3], useBias: false, activation: 'relu' });
    expect(rowOf(bare, [8, 6, 2])).toBe(2 * 3 * 2 * 4 * (8 * 4) + 8 * 4 * 4);
  });

  it('counts the weight map layers’ summed form', () => {
    const [h, w, ci, co] = [8, 6, 2, 4];
    const products = 2 * h * w * ci * co;
    // valid, k = 3: 8 additions, a division and its undoing for each of 6×4; bias and relu.
    expect(rowOf(smoothing({ filters: co }), [h, w, ci])).toBe(products + (10 + 2) * co * 6 * 4);
    // 'same': the same for each of 8×6, and 2M − box.
    expect(rowOf(unsharp({ filters: co, padding: 'same' }), [h, w, ci])).toBe(
      products + (10 + 2 + 2) * co * 8 * 6,
    );
    // stride 2: only the 3×2 windows that are kept.
    expect(rowOf(smoothing({ filters: co, strides: 2 }), [h, w, ci])).toBe(products + (10 + 2) * co * 3 * 2);
    // 'same' with stride 2: all the products, and 4×3 windows.
    expect(rowOf(unsharp({ filters: co, padding: 'same', strides: 2 }), [h, w, ci])).toBe(
      products + (10 + 2 + 2) * co * 4 * 3,
    );
    // k = 5 with 1 pixel of zeros around, no bias: 10×8 → 6×4.
    expect(rowOf(smoothing({ filters: co, kernelSize: 5, padding: 1, useBias: false }), [h, w, ci])).toBe(
      products + (26 + 1) * co * 6 * 4,
    );
    // k = 7: columns of 7 over 10×8 (7 × 4×8 outputs), then rows of 7 (8 × 4×2), both with 'padding' 1.
    expect(rowOf(smoothing({ filters: co, kernelSize: 7, padding: 1 }), [h, w, ci])).toBe(
      products + 7 * co * 4 * 8 + (8 + 2) * co * 4 * 2,
    );
  });

  it.each([
    ['dense', dense({ units: 5, activation: 'relu' }), [7], 2 * 7 * 5 + 5 + 5],
    ['batch normalisation', tf.layers.batchNormalization(), [4, 4, 3], 2 * 48],
    ['activation', tf.layers.activation({ activation: 'relu' }), [4, 4, 3], 48],
    ['linear activation', tf.layers.activation({ activation: 'linear' }), [4, 4, 3], 0],
    ['relu', tf.layers.reLU(), [4, 4, 3], 48],
    ['max pooling', tf.layers.maxPooling2d({ poolSize: 2 }), [4, 4, 3], 3 * 12],
    ['average pooling', tf.layers.averagePooling2d({ poolSize: [2, 2] }), [4, 4, 3], 4 * 12],
    ['global average pooling', tf.layers.globalAveragePooling2d({}), [4, 4, 3], 48],
    ['flatten', flatten(), [4, 4, 3], 0],
    ['reshape', tf.layers.reshape({ targetShape: [48] }), [4, 4, 3], 0],
    ['zero padding', tf.layers.zeroPadding2d({ padding: 1 }), [4, 4, 3], 0],
    [
      'cropping',
      tf.layers.cropping2D({
        cropping: [
          [1, 1],
          [0, 1],
        ],
      }),
      [4, 4, 3],
      0,
    ],
    ['permute', tf.layers.permute({ dims: [2, 1, 3] }), [4, 5, 3], 0],
    ['repeat vector', tf.layers.repeatVector({ n: 3 }), [7], 0],
    ['dropout', tf.layers.alphaDropout({ rate: 0.5 }), [4, 4, 3], 0],
    ['leaky relu', tf.layers.leakyReLU(), [4, 4, 3], 48],
    ['prelu', tf.layers.prelu(), [4, 4, 3], 48],
    ['elu', tf.layers.elu(), [4, 4, 3], 48],
    ['softmax', tf.layers.softmax(), [10], 10],
    ['rescaling', tf.layers.rescaling({ scale: 2, offset: 1 }), [4, 4, 3], 2 * 48],
    ['global max pooling', tf.layers.globalMaxPooling2d({}), [4, 5, 3], (4 * 5 - 1) * 3],
    ['global max pooling of a sequence', tf.layers.globalMaxPooling1d(), [4, 3], 3 * 3],
    ['max pooling of a sequence', tf.layers.maxPooling1d({ poolSize: 2 }), [4, 3], 1 * 2 * 3],
    ['upsampling by copies', tf.layers.upSampling2d({ size: [2, 3] }), [4, 4, 3], 0],
    [
      'upsampling by interpolation',
      tf.layers.upSampling2d({ size: [2, 2], interpolation: 'bilinear' }),
      [4, 4, 3],
      9 * 8 * 8 * 3,
    ],
    // 5×5 windows of 3×3, 2 kernels for each of 3 channels.
    [
      'depthwise convolution',
      tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, activation: 'relu' }),
      [7, 7, 3],
      25 * 6 * (2 * 9 + 1 + 1),
    ],
    // … then 6 → 4 channels.
    [
      'separable convolution',
      tf.layers.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier: 2 }),
      [7, 7, 3],
      25 * 6 * 2 * 9 + 25 * 4 * (2 * 6 + 1),
    ],
    // Each of 7×6×3 numbers times 3×3×4; 15×13 outputs with a bias.
    [
      'transposed convolution',
      tf.layers.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2 }),
      [7, 6, 3],
      7 * 6 * 3 * 2 * 9 * 4 + 15 * 13 * 4,
    ],
    [
      'convolution of a sequence',
      tf.layers.conv1d({ filters: 4, kernelSize: 3 }),
      [8, 2],
      6 * 4 * (2 * 3 * 2 + 1),
    ],
    [
      'convolution of volumes',
      tf.layers.conv3d({ filters: 4, kernelSize: 3 }),
      [5, 5, 5, 2],
      27 * 4 * (2 * 27 * 2 + 1),
    ],
    // 16 groups of 3: 5 operations each, scale, shift; 2 for the inverse root.
    ['layer normalisation', tf.layers.layerNormalization(), [4, 4, 3], 48 * 7 + 2 * 16],
    [
      'layer normalisation without scale',
      tf.layers.layerNormalization({ axis: [1, 2, 3], scale: false }),
      [4, 4, 3],
      48 * 6 + 2,
    ],
  ] as const)('counts %s', (_, layer, shape, expected) => {
    expect(rowOf(layer, [...shape])).toBe(expected);
  });

  it('counts what joins branches', () => {
    expect(rowOf(tf.layers.add(), [4, 4, 3], [4, 4, 3], [4, 4, 3])).toBe(2 * 48);
    expect(rowOf(tf.layers.concatenate(), [4, 4, 3], [4, 4, 1])).toBe(0);
    expect(rowOf(tf.layers.multiply(), [4, 4, 3], [4, 4, 3])).toBe(48);
    expect(rowOf(tf.layers.maximum(), [4, 4, 3], [4, 4, 3], [4, 4, 3])).toBe(2 * 48);
    expect(rowOf(tf.layers.average(), [4, 4, 3], [4, 4, 3])).toBe(2 * 48);
    expect(rowOf(tf.layers.dot({ axes: 1 }), [7], [7])).toBe(2 * 7);
    expect(rowOf(tf.layers.dot({ axes: -1, normalize: true }), [7], [7])).toBe(2 * 7 + 2 * 3 * 7);
  });

  it('counts the sums of every kind of convolution in the paper’s convention', () => {
    const paperOf = (layer: tf.layers.Layer) => {
      const inputs = tf.input({ shape: [7, 7, 3] });
      return flops(tf.model({ inputs, outputs: layer.apply(inputs) as tf.SymbolicTensor })).paper;
    };
    const activation = 'relu';
    expect(paperOf(tf.layers.depthwiseConv2d({ kernelSize: 3, activation }))).toBe(25 * 3 * (2 * 9 + 1));
    expect(paperOf(tf.layers.separableConv2d({ filters: 4, kernelSize: 3, activation }))).toBe(
      25 * 3 * 2 * 9 + 25 * 4 * (2 * 3 + 1),
    );
  });

  it('counts a residual block with a projection', () => {
    const image = tf.input({ shape: [5, 6, 2] });
    const apply = (layer: tf.layers.Layer, ...x: tf.SymbolicTensor[]) =>
      layer.apply(x.length === 1 ? x[0] : x) as tf.SymbolicTensor;
    const padded = apply(tf.layers.zeroPadding2d({ padding: 1 }), image);
    const first = apply(conv2d({ filters: 4, kernelSize: 3, strides: 2, activation: 'relu' }), padded);
    const second = apply(unsharp({ filters: 4, padding: 'same' }), first);
    const projection = apply(conv2d({ filters: 4, kernelSize: 1, strides: 2 }), image);
    const sum = apply(tf.layers.add(), second, projection);
    const outputs = apply(tf.layers.activation({ activation: 'relu' }), sum);
    const [kept, co] = [3 * 3, 4];
    const convolutions = (2 * 9 * 2 + 2) * co * kept + (2 * 2 + 1) * co * kept; // with bias and relu; with bias
    const map = 2 * kept * co * co + (10 + 2 + 2) * co * kept; // products; box, 2·M − box, bias and relu
    expect(flops(tf.model({ inputs: image, outputs })).executed).toBe(convolutions + map + 2 * co * kept);
  });

  it('counts a shared layer each time, and not its use in other models', () => {
    const shared = conv2d({ filters: 2, kernelSize: 1 });
    const image = tf.input({ shape: [4, 4, 2] });
    const once = shared.apply(image) as tf.SymbolicTensor;
    const twice = tf.model({ inputs: image, outputs: shared.apply(once) as tf.SymbolicTensor });
    const one = 2 * 2 * 2 * 16 + 32;
    expect(flops(tf.model({ inputs: image, outputs: once })).executed).toBe(one);
    expect(flops(twice).executed).toBe(2 * one);
  });

  it('looks into a model that is a layer', () => {
    const inner = tf.sequential({
      layers: [conv2d({ inputShape: [4, 4, 2], filters: 2, kernelSize: 1 }), flatten()],
    });
    const one = 2 * 2 * 2 * 16 + 32 + (2 * 32 * 3 + 3);
    expect(flops(tf.sequential({ layers: [inner, dense({ units: 3 })] })).executed).toBe(one);

    const image = tf.input({ shape: [4, 4, 2] });
    const [x, y] = [inner.apply(image), inner.apply(image)] as tf.SymbolicTensor[];
    const sum = tf.layers.add().apply([x, y]) as tf.SymbolicTensor;
    const twice = tf.model({ inputs: image, outputs: sum });
    expect(flops(twice).executed).toBe(2 * (2 * 2 * 2 * 16 + 32) + 32);
  });
});

describe('flops', () => {
  it('names a layer that it has no rule for', () => {
    const model = tf.sequential({
      layers: [tf.layers.lstm({ name: 'odd-one', units: 2, inputShape: [3, 2] })],
    });
    expect(() => flops(model)).toThrow(/"odd-one", a LSTM/);
  });

  it('counts other layers by rules that it is given, which must give numbers', () => {
    const model = () =>
      tf.sequential({
        layers: [tf.layers.lstm({ name: 'odd-one', units: 2, inputShape: [3, 2] }), dense({ units: 1 })],
      });
    const LSTM: FlopRule = ({ config, inputs: [[steps, size]], output }) => ({
      paper: 0,
      executed: steps * size * (config.units as number) * output[0],
    });
    expect(flops(model(), { rules: { LSTM } })).toEqual({ paper: 0, executed: 3 * 2 * 2 * 2 + 5 });
    for (const executed of [Number.NaN, -1, '3' as never, undefined as never])
      expect(() => flops(model(), { rules: { LSTM: () => ({ paper: 0, executed }) } })).toThrow(
        /The rule for LSTM counts 0 and/,
      );
    // Names that every object has are no rules.
    class Odd extends tf.layers.Layer {
      static readonly className = 'constructor';
    }
    expect(() => flops(tf.sequential({ layers: [new Odd({ name: 'odd', inputShape: [2] })] }))).toThrow(
      /no rule/,
    );
  });

  it('wants fixed shapes and channels last', () => {
    const open = tf.sequential({
      layers: [conv2d({ inputShape: [null, null, 1], filters: 2, kernelSize: 3 })],
    });
    expect(() => flops(open)).toThrow(/no fixed shape/);
    const first = tf.layers.globalAveragePooling2d({ dataFormat: 'channelsFirst', inputShape: [3, 4, 4] });
    expect(() => flops(tf.sequential({ layers: [first] }))).toThrow(/channels first/);
  });
});

describe('trainableParameters', () => {
  it('counts table 1’s network as the paper does', () => {
    expect(trainableParameters(convolutional([33, 33, 8], 3))).toBe(261_070);
  });

  it('leaves moving statistics and frozen layers out', () => {
    const norm = tf.layers.batchNormalization({ inputShape: [4, 4, 3] });
    const frozen = conv2d({ filters: 2, kernelSize: 1, trainable: false });
    expect(trainableParameters(tf.sequential({ layers: [norm, frozen] }))).toBe(6);
  });
});
