import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { graphOf, layerNamed } from './_tap.js';

/** A rectangle of pixels of an image. */
export interface ImageFrame {
  /** Its first row, from 0. */
  readonly top: number;
  /** Its first column, from 0. */
  readonly left: number;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
}

/** Where the places of a map lie along one axis of the image: place i is centred at pixel `offset + i·stride`. */
export interface MapAxis {
  /** The centre of the first place's receptive field, in pixels; pixel 0 is centred at 0. May be a half. */
  readonly offset: number;
  /** Pixels from one place to the next. */
  readonly stride: number;
  /** Number of places. */
  readonly places: number;
}

/** Where the places of a layer's output lie on the image. */
export interface MapGeometry {
  /** From the top. */
  readonly rows: MapAxis;
  /** From the left. */
  readonly columns: MapAxis;
}

/** A geometry without the number of places, which a tensor's shape says. */
type Axis = Pick<MapAxis, 'offset' | 'stride'>;
type Axes = readonly [rows: Axis, columns: Axis];

/**
 * Where the places of a layer's output lie on the image: each at the centre of its receptive field, padding included.
 *
 * It is followed from the image through the layers. A window of k pixels with dilation d, stride s and p zeros before it
 * makes of the offset o and the stride t
 *
 *     o′ = o + t·(d·(k − 1)/2 − p),   t′ = t·s
 *
 * for convolutions, poolings and weight map layers (whose box has the kernel's size). Layers that merge maps take the mean
 * of their offsets. A layer that isn't known and keeps the size keeps the places; one that changes the size, or makes a map
 * of a vector, is taken to spread its places evenly over its input (or the image).
 *
 * @param model from [batch, height, width, channels]; height and width fixed.
 * @param layer name of the layer; it must lead to the model's output and give [batch, height, width, channels].
 * @throws WeightmapError if there is no such layer, it doesn't lead to the output, or its output has no places.
 */
export function mapGeometry(model: tf.LayersModel, layer: string): MapGeometry {
  const target = layerNamed(model, layer);
  const image: Axes = [
    { offset: 0, stride: 1 },
    { offset: 0, stride: 1 },
  ];
  const imageSize = sizeOf(model.inputs[0].shape);
  let found: MapGeometry | undefined;
  let isReached = false;

  const follow = (graph: Graph, given: readonly (Axes | null)[]): (Axes | null)[] => {
    const known = new Map<tf.SymbolicTensor, Axes | null>(graph.inputs.map((input, i) => [input, given[i]]));
    const axesOf = (tensor: tf.SymbolicTensor): Axes | null => {
      if (known.has(tensor)) return known.get(tensor)!;
      const { sourceLayer, nodeIndex, tensorIndex } = tensor as unknown as Traced;
      const { inputTensors, inputShapes } = sourceLayer.inboundNodes[nodeIndex];
      const from = inputTensors.map(axesOf);
      const axes =
        sourceLayer instanceof tf.LayersModel
          ? follow(graphOf(sourceLayer), from)[tensorIndex]
          : through(sourceLayer, from, inputShapes as tf.Shape[], tensor.shape);
      if (sourceLayer === target) {
        isReached = true;
        const size = sizeOf(tensor.shape);
        if (axes && size)
          found = { rows: { ...axes[0], places: size[0] }, columns: { ...axes[1], places: size[1] } };
      }
      known.set(tensor, axes);
      return axes;
    };
    return graph.outputs.map(axesOf);
  };

  const through = (
    source: tf.layers.Layer,
    from: readonly (Axes | null)[],
    inputShapes: readonly tf.Shape[],
    outputShape: tf.Shape,
  ): Axes | null => {
    const output = sizeOf(outputShape);
    if (!output) return null;
    const known = from.filter((axes) => axes !== null);
    const input = sizeOf(inputShapes[0]);
    if (known.length < from.length || known.length === 0 || !input)
      return imageSize && (image.map((axis, i) => spread(axis, imageSize[i], output[i])) as unknown as Axes);
    const config = source.getConfig() as LayerConfig;
    const rule = windows[source.getClassName()];
    return [0, 1].map((axis): Axis => {
      const merged: Axis = {
        offset: known.reduce((sum, axes) => sum + axes[axis].offset, 0) / known.length,
        stride: known[0][axis].stride,
      };
      if (rule) return seenThrough(merged, rule(config, axis as 0 | 1, input[axis], output[axis]));
      return output[axis] === input[axis] ? merged : spread(merged, input[axis], output[axis]);
    }) as unknown as Axes;
  };

  follow(graphOf(model), [image]);
  if (found) return found;
  throw new WeightmapError(
    isReached
      ? `The output of the layer "${layer}" has no places to map.`
      : `The layer "${layer}" doesn't lead to the model's output.`,
    {
      expected: '[batch, height, width, channels] of fixed size',
      fix: 'choose a convolution or a weight map layer',
    },
  );
}

type Traced = {
  readonly sourceLayer: tf.layers.Layer;
  readonly nodeIndex: number;
  readonly tensorIndex: number;
};
type Graph = { readonly inputs: tf.SymbolicTensor[]; readonly outputs: tf.SymbolicTensor[] };
type LayerConfig = Readonly<Record<string, unknown>>;

/** [height, width] of [batch, height, width, channels]; null of other shapes. */
const sizeOf = (shape: tf.Shape): readonly [number, number] | null =>
  shape.length === 4 && shape[1] !== null && shape[2] !== null ? [shape[1], shape[2]] : null;

/** A window over one axis, in pixels of its input; `before`: the zeros above or to the left. */
interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
}

const seenThrough = ({ offset, stride }: Axis, window: Window): Axis => ({
  offset: offset + stride * ((window.kernel - 1) / 2 - window.before),
  stride: stride * window.stride,
});

/** `count` places in equal distances over `size` pixels, half of that distance from the borders. */
const spread = ({ offset, stride }: Axis, size: number, count: number): Axis => ({
  offset: offset + (stride * (size / count - 1)) / 2,
  stride: (stride * size) / count,
});

type WindowRule = (config: LayerConfig, axis: 0 | 1, input: number, output: number) => Window;

/** n, or [n, m] → the axis's. */
const along = (value: unknown, axis: 0 | 1): number =>
  Array.isArray(value) ? (value as number[])[axis] : ((value as number | null) ?? 1);

/** TensorFlow's: with 'same' padding, what the last window lacks is shared by both sides, the smaller half before. */
const tensorflow =
  (kernelName: 'kernelSize' | 'poolSize'): WindowRule =>
  (config, axis, input, output) => {
    const kernel = (along(config[kernelName], axis) - 1) * along(config.dilationRate, axis) + 1;
    const stride = along(config.strides ?? config[kernelName], axis);
    const lacking = Math.max(0, (output - 1) * stride + kernel - input);
    return { kernel, stride, before: config.padding === 'same' ? Math.floor(lacking / 2) : 0 };
  };

/** Zeros before, for p or [[top, bottom], [left, right]]. */
const before = (padding: unknown, axis: 0 | 1): number =>
  Array.isArray(padding) ? (padding as [number, number][])[axis][0] : (padding as number);

/** Their 'same' is that of stride 1, whatever the stride is. */
const weightMap: WindowRule = ({ kernelSize, padding, strides }, axis) => {
  const kernel = along(kernelSize, axis);
  const named = padding === 'valid' ? 0 : padding === 'same' ? Math.floor((kernel - 1) / 2) : undefined;
  return { kernel, stride: along(strides, axis), before: named ?? before(padding, axis) };
};

/** Layers that move or thin out the places of a map, by their class names. */
const windows: Readonly<Record<string, WindowRule>> = {
  Conv2D: tensorflow('kernelSize'),
  DepthwiseConv2D: tensorflow('kernelSize'),
  SeparableConv2D: tensorflow('kernelSize'),
  MaxPooling2D: tensorflow('poolSize'),
  AveragePooling2D: tensorflow('poolSize'),
  SmoothingWeightMap: weightMap,
  UnsharpWeightMap: weightMap,
  ZeroPadding2D: ({ padding }, axis) => ({ kernel: 1, stride: 1, before: before(padding, axis) }),
  Cropping2D: ({ cropping }, axis) => ({ kernel: 1, stride: 1, before: -before(cropping, axis) }),
};

/** The place whose centre is nearest to a pixel (the later of two); may be no place of the map. */
const nearest = ({ offset, stride }: MapAxis, pixel: number): number =>
  Math.floor((pixel - offset) / stride + 0.5);

const isPlace = ({ places }: MapAxis, place: number): boolean => place >= 0 && place < places;

/**
 * The pixels of an image that a map covers: those that are no farther than half a stride from a place's centre.
 *
 * @returns null if there are none.
 */
export function frameOf(
  { rows, columns }: MapGeometry,
  { height, width }: { readonly height: number; readonly width: number },
): ImageFrame | null {
  const [top, bottom] = coveredBy(rows, height);
  const [left, right] = coveredBy(columns, width);
  return top > bottom || left > right
    ? null
    : { top, left, height: bottom - top + 1, width: right - left + 1 };
}

/** First and last pixel. */
function coveredBy(axis: MapAxis, size: number): readonly [number, number] {
  let [first, last] = [size, -1];
  for (let pixel = 0; pixel < size; pixel++)
    if (isPlace(axis, nearest(axis, pixel))) {
      first = Math.min(first, pixel);
      last = pixel;
    }
  return [first, last];
}

/** The pixels that all of some frames have; null if there are none, or no frames. */
export function commonFrame(frames: readonly ImageFrame[]): ImageFrame | null {
  if (frames.length === 0) return null;
  const top = Math.max(...frames.map((frame) => frame.top));
  const left = Math.max(...frames.map((frame) => frame.left));
  const height = Math.min(...frames.map((frame) => frame.top + frame.height)) - top;
  const width = Math.min(...frames.map((frame) => frame.left + frame.width)) - left;
  return height > 0 && width > 0 ? { top, left, height, width } : null;
}

/** A frame of an image, and a map's places in it. */
export interface FramedPlaces {
  /** Indices into the map of the places whose centres lie in the frame, row by row. */
  readonly places: Int32Array;
  /** [height·width] of the image: the index of the nearest place if pixel and place lie in the frame, else −1. */
  readonly pixels: Int32Array;
}

/** Which places of a map lie in a frame of the image, and under which pixels. */
export function framedPlaces(
  { rows, columns }: MapGeometry,
  frame: ImageFrame,
  { height, width }: { readonly height: number; readonly width: number },
): FramedPlaces {
  const inside = (axis: MapAxis, start: number, length: number) =>
    Array.from({ length: axis.places }, (_, place) => {
      const centre = axis.offset + place * axis.stride;
      return centre >= start - 0.5 && centre < start + length - 0.5;
    });
  const isRow = inside(rows, frame.top, frame.height);
  const isColumn = inside(columns, frame.left, frame.width);
  const places: number[] = [];
  for (let row = 0; row < rows.places; row++)
    for (let column = 0; column < columns.places; column++)
      if (isRow[row] && isColumn[column]) places.push(row * columns.places + column);
  const pixels = new Int32Array(height * width).fill(-1);
  for (let y = frame.top; y < frame.top + frame.height; y++)
    for (let x = frame.left; x < frame.left + frame.width; x++) {
      const [row, column] = [nearest(rows, y), nearest(columns, x)];
      if (isRow[row] && isColumn[column]) pixels[y * width + x] = row * columns.places + column;
    }
  return { places: Int32Array.from(places), pixels };
}

/**
 * A map drawn on the image: every pixel has the value of the nearest place, 0 where the map covers nothing.
 *
 * @param map [rows, columns] of the geometry, row-major.
 * @returns [height, width], row-major.
 */
export function mapOnImage(
  map: ArrayLike<number>,
  { rows, columns }: MapGeometry,
  { height, width }: { readonly height: number; readonly width: number },
): Float32Array {
  const drawn = new Float32Array(height * width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [row, column] = [nearest(rows, y), nearest(columns, x)];
      if (isPlace(rows, row) && isPlace(columns, column))
        drawn[y * width + x] = map[row * columns.places + column];
    }
  return drawn;
}
