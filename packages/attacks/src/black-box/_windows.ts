import * as tf from '@tensorflow/tfjs';
import type { LocalParts } from '@weightmap/core';

/** Share of an image's pixels up to which computing the maps of a window alone is worth its overhead. */
const WORTH_IT = 0.6;

/** Squares of two sizes of which one is even share a compiled step. */
const roundedUp = (side: number): number => 2 * Math.ceil(side / 2);

/**
 * The side of the window of pixels that decides all features that a changed square of pixels has an influence on; null
 * where the maps of the whole image had better be computed.
 */
export function windowOf(
  { window }: LocalParts,
  [height, width]: readonly number[],
  side: number,
): number | null {
  const wanted = roundedUp(side) + 2 * (window - 1);
  return wanted <= Math.min(height, width) && wanted ** 2 <= WORTH_IT * height * width ? wanted : null;
}

/** The first row or column of the window around a square, within the image. */
export const windowStart = (square: number, { window }: LocalParts, side: number, length: number): number =>
  Math.min(Math.max(square - window + 1, 0), length - side);

/**
 * The offsets of a window's pixels, to be an input of a compiled step: its shape tells the window's size.
 *
 * @returns [side, side, 2], int32
 */
export const offsetsOf = (side: number): tf.Tensor3D =>
  tf.tensor3d(
    Int32Array.from({ length: 2 * side ** 2 }, (_, i) =>
      i % 2 ? (i >> 1) % side : Math.floor((i >> 1) / side),
    ),
    [side, side, 2],
    'int32',
  );

/**
 * The maps of images that differ from others only within one window each.
 *
 * @param images [rows, height, width, channels]
 * @param before the maps of the others
 * @param window.corners [rows, 2], int32: first row and column of each image's window.
 * @param window.offsets from `offsetsOf`
 */
export function mapsWithin(
  local: LocalParts,
  images: tf.Tensor4D,
  before: tf.Tensor4D,
  { corners, offsets }: { corners: tf.Tensor2D; offsets: tf.Tensor3D },
): tf.Tensor4D {
  const [rows] = images.shape;
  const [side] = offsets.shape;
  const kept = side - local.window + 1;
  const places = (length: number) => {
    const within = offsets.slice([0, 0, 0], [length, length, 2]).expandDims<tf.Tensor4D>(0);
    const at = corners.reshape<tf.Tensor4D>([rows, 1, 1, 2]).add<tf.Tensor4D>(within);
    const row = tf.range(0, rows, 1, 'int32').reshape([rows, 1, 1, 1]).tile([1, length, length, 1]);
    return tf.concat([row, at], 3);
  };
  const part = local.maps(tf.gatherND(images, places(side)) as tf.Tensor4D);
  // A copy: tfjs's cpu backend updates the tensor itself.
  return tf.tensorScatterUpdate(before.add(0), places(kept), part) as tf.Tensor4D;
}
