import * as tf from '@tensorflow/tfjs';
import type { WindowGeometry } from './window.js';

/** Pixels to add (or, if negative, to cut off) [[top, bottom], [left, right]]. */
export type Margins = readonly [readonly [number, number], readonly [number, number]];

/** Surrounds a map [batch, height, width, channels] with zeros; negative margins crop it. */
export function placeWithZeros(map: tf.Tensor4D, margins: Margins): tf.Tensor4D {
  const [[top, bottom], [left, right]] = margins;
  const added = (pixels: number) => Math.max(pixels, 0);
  const removed = (pixels: number) => Math.max(-pixels, 0);

  let result = map;
  // Padding comes before cropping, so that no map becomes empty in between.
  if (margins.flat().some((pixels) => pixels > 0))
    result = tf.pad4d(result, [
      [0, 0],
      [added(top), added(bottom)],
      [added(left), added(right)],
      [0, 0],
    ]);
  if (margins.flat().some((pixels) => pixels < 0)) {
    const [batch, height, width, channels] = result.shape;
    result = tf.slice4d(
      result,
      [0, removed(top), removed(left), 0],
      [batch, height - removed(top) - removed(bottom), width - removed(left) - removed(right), channels],
    );
  }
  return result;
}

/** Every `down`-th row and `right`-th column of a map, beginning with the first. */
export function subsample(map: tf.Tensor4D, [down, right]: readonly [number, number]): tf.Tensor4D {
  if (down === 1 && right === 1) return map;
  return tf.stridedSlice(map, [0, 0, 0, 0], map.shape, [1, down, right, 1]) as tf.Tensor4D;
}

/** The adjoint of `subsample` on maps of the dense size: puts zeros back between the rows and columns. */
export function spread(
  map: tf.Tensor4D,
  { strides: [down, right], denseSize: [height, width] }: Pick<WindowGeometry, 'strides' | 'denseSize'>,
): tf.Tensor4D {
  if (down === 1 && right === 1) return map;
  const [batch, rows, columns, channels] = map.shape;
  const spreadDown = tf.pad3d(map.reshape<tf.Tensor3D>([batch * rows, 1, columns * channels]), [
    [0, 0],
    [0, down - 1],
    [0, 0],
  ]);
  const spreadBoth = tf.pad3d(spreadDown.reshape<tf.Tensor3D>([batch * rows * down * columns, 1, channels]), [
    [0, 0],
    [0, right - 1],
    [0, 0],
  ]);
  return placeWithZeros(spreadBoth.reshape<tf.Tensor4D>([batch, rows * down, columns * right, channels]), [
    [0, height - rows * down],
    [0, width - columns * right],
  ]);
}
