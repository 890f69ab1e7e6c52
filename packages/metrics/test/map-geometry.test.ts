import * as tf from '@tensorflow/tfjs';
import { useEngine } from '@weightmap/test-utils';
import { smoothingWeightMap, unsharpWeightMap } from '@weightmap/wm-layers';
import { describe, expect, it } from 'vitest';
import {
  commonFrame,
  framedPlaces,
  frameOf,
  mapGeometry,
  mapOnImage,
  type MapGeometry,
} from '../src/index.js';
import { fixedInitializer } from './_fixtures.js';

useEngine();

const L = tf.layers;
const size = { height: 33, width: 30 };
type Apply = (x: tf.SymbolicTensor) => tf.SymbolicTensor;

const use =
  (layer: tf.layers.Layer): Apply =>
  (x) =>
    layer.apply(x) as tf.SymbolicTensor;
const conv = (kernelSize: number, padding: 'same' | 'valid', strides = 1) =>
  use(
    L.conv2d({ filters: 2, kernelSize, padding, strides, kernelInitializer: fixedInitializer(kernelSize) }),
  );
const chain =
  (...steps: Apply[]): Apply =>
  (x) =>
    steps.reduce((y, step) => step(y), x);

/** Two ways whose last layer has the stride 2, added, as in a residual block. */
const residual: Apply = (x) =>
  L.add().apply([
    chain(use(L.zeroPadding2d({ padding: 1 })), conv(3, 'valid', 2), conv(3, 'same'))(x),
    conv(1, 'valid', 2)(x),
  ]) as tf.SymbolicTensor;

const dense: Apply = (x) =>
  use(L.averagePooling2d({ poolSize: 2 }))(
    L.concatenate().apply([x, conv(3, 'same')(x)]) as tf.SymbolicTensor,
  );

const nested: Apply = (x) => {
  const outer = conv(3, 'valid')(x);
  const inner = tf.input({ shape: outer.shape.slice(1) });
  return use(tf.model({ inputs: inner, outputs: chain(conv(5, 'valid'), conv(3, 'same'))(inner) }))(outer);
};

const stacks: Readonly<Record<string, Apply>> = {
  'three valid convolutions': chain(conv(3, 'valid'), conv(3, 'valid'), conv(3, 'valid')),
  'three same convolutions': chain(conv(3, 'same'), conv(5, 'same'), conv(3, 'same')),
  'a strided same convolution': conv(3, 'same', 2),
  'zeros and a wide kernel': chain(
    use(
      L.zeroPadding2d({
        padding: [
          [3, 1],
          [0, 2],
        ],
      }),
    ),
    conv(9, 'valid'),
  ),
  'a smoothing layer': use(smoothingWeightMap({ filters: 1, kernelSize: 3, seed: 1 })),
  'a wide smoothing layer with zeros': use(
    smoothingWeightMap({ filters: 1, kernelSize: 9, padding: 3, seed: 1 }),
  ),
  'strided weight maps': chain(
    use(unsharpWeightMap({ filters: 1, kernelSize: 3, strides: 2, seed: 1 })),
    use(smoothingWeightMap({ filters: 1, kernelSize: 4, padding: 'same', seed: 2 })),
  ),
  'pooling of even and odd sides': chain(
    use(L.averagePooling2d({ poolSize: 2 })),
    use(L.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
  ),
  'two residual blocks': chain(residual, use(L.activation({ activation: 'linear' })), residual),
  'two dense blocks': chain(dense, dense),
  'a model in the model': nested,
  'cut rows': chain(
    use(
      L.cropping2D({
        cropping: [
          [4, 1],
          [2, 3],
        ],
      }),
    ),
    conv(3, 'valid'),
  ),
};

/** The middle of the box of pixels whose change changes a place: differentiated, not derived. */
function centreOf(features: tf.LayersModel, row: number, column: number): readonly [number, number] {
  const gradient = tf.tidy(() => {
    const image = tf.randomUniform([1, size.height, size.width, 1], 0.1, 1, 'float32', 3);
    const at = (x: tf.Tensor) =>
      (features.apply(x) as tf.Tensor4D).slice([0, row, column, 0], [1, 1, 1, -1]).sum();
    return tf.grad(at)(image).dataSync();
  });
  const [ys, xs]: number[][] = [[], []];
  gradient.forEach((value, i) => {
    if (value === 0) return;
    ys.push(Math.floor(i / size.width));
    xs.push(i % size.width);
  });
  const middle = (values: number[]) => (Math.min(...values) + Math.max(...values)) / 2;
  return [middle(ys), middle(xs)];
}

describe('the places of a map', () => {
  it.each(Object.entries(stacks))('are where the receptive fields have their middle: %s', (_, stack) => {
    const input = tf.input({ shape: [size.height, size.width, 1] });
    const output = stack(input);
    const target = use(L.activation({ name: 'target', activation: 'linear' }))(output);
    const features = tf.model({ inputs: input, outputs: target });
    const model = tf.model({ inputs: input, outputs: use(L.globalAveragePooling2d({}))(target) });
    const { rows, columns } = mapGeometry(model, 'target');
    expect([rows.places, columns.places]).toEqual(target.shape.slice(1, 3));
    // Two places in the middle, whose receptive fields the border doesn't cut.
    const [row, column] = [Math.floor(rows.places / 2), Math.floor(columns.places / 2)];
    for (const [i, j] of [
      [row, column],
      [row - 1, column - 1],
    ])
      expect(centreOf(features, i, j)).toEqual([
        rows.offset + i * rows.stride,
        columns.offset + j * columns.stride,
      ]);
  });

  it('of a dilated convolution', () => {
    const input = tf.input({ shape: [12, 12, 1] });
    const output = use(L.conv2d({ name: 'dilated', filters: 1, kernelSize: 3, dilationRate: 2 }))(input);
    const model = tf.model({ inputs: input, outputs: use(L.globalAveragePooling2d({}))(output) });
    const axis = { offset: 2, stride: 1, places: 8 };
    expect(mapGeometry(model, 'dilated')).toEqual({ rows: axis, columns: axis });
  });

  it('of a layer that is not known: the same if it keeps the size, else spread evenly', () => {
    class Halves extends tf.layers.Layer {
      static readonly className = 'Halves';
      override computeOutputShape([batch, height, width, channels]: tf.Shape): tf.Shape {
        return [batch, height! / 2, width, channels];
      }
    }
    const input = tf.input({ shape: [8, 6, 1] });
    const output = new Halves({ name: 'halves' }).apply(input) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: use(L.globalAveragePooling2d({}))(output) });
    expect(mapGeometry(model, 'halves')).toEqual({
      rows: { offset: 0.5, stride: 2, places: 4 },
      columns: { offset: 0, stride: 1, places: 6 },
    });
  });

  it('are none of a vector, and none of a layer that leads nowhere', () => {
    const input = tf.input({ shape: [8, 6, 1] });
    const output = use(L.flatten({ name: 'flat' }))(conv(3, 'valid')(input));
    const model = tf.model({ inputs: input, outputs: use(L.dense({ units: 2 }))(output) });
    expect(() => mapGeometry(model, 'flat')).toThrow(/has no places/);
    expect(() => mapGeometry(model, 'nowhere')).toThrow(/no layer named "nowhere"/);
  });
});

describe('the pixels that a map covers', () => {
  const axis = (offset: number, stride: number, places: number) => ({ offset, stride, places });
  const image = { height: 28, width: 28 };
  const square = (one: MapGeometry['rows']): MapGeometry => ({ rows: one, columns: one });

  it('are those no farther than half a stride from a place', () => {
    expect(frameOf({ rows: axis(3, 1, 22), columns: axis(0, 1, 28) }, image)).toEqual({
      top: 3,
      left: 0,
      height: 22,
      width: 28,
    });
    expect(frameOf({ rows: axis(0, 8, 4), columns: axis(3.5, 8, 3) }, image)).toEqual({
      top: 0,
      left: 0,
      height: 28,
      width: 24,
    });
    expect(frameOf(square(axis(40, 1, 2)), image)).toBeNull();
  });

  it('that all maps have are their overlap', () => {
    const frame = (top: number, left: number, height: number, width: number) => ({
      top,
      left,
      height,
      width,
    });
    expect(commonFrame([frame(3, 0, 22, 28), frame(0, 2, 28, 20)])).toEqual(frame(3, 2, 22, 20));
    expect(commonFrame([frame(0, 0, 2, 5), frame(2, 0, 2, 5)])).toBeNull();
    expect(commonFrame([])).toBeNull();
  });

  it('have the value of their nearest place', () => {
    const geometry = { rows: axis(0.5, 2, 2), columns: axis(1, 1, 3) };
    expect([...mapOnImage([1, 2, 3, 4, 5, 6], geometry, { height: 5, width: 5 })]).toEqual([
      0, 1, 2, 3, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, 0, 0, 4, 5, 6, 0, 0, 0, 0, 0, 0,
    ]);
    const { places, pixels } = framedPlaces(
      geometry,
      { top: 1, left: 2, height: 3, width: 2 },
      { height: 5, width: 5 },
    );
    // The first row of places is centred at 0.5, the upper edge of the frame; the second at 2.5.
    expect([...places]).toEqual([1, 2, 4, 5]);
    expect([...pixels]).toEqual([
      -1, -1, -1, -1, -1, -1, -1, 1, 2, -1, -1, -1, 4, 5, -1, -1, -1, 4, 5, -1, -1, -1, -1, -1, -1,
    ]);
  });
});
