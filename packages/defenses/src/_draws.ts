import * as tf from '@tensorflow/tfjs';
import type { Draw, DrawnStep } from '@weightmap/core';

const sizeOf = ({ shape }: DrawnStep) => shape.reduce((product, length) => product * length, 1);
const asImages = (values: Float32Array, { shape }: DrawnStep) => tf.tensor4d(values, [...shape]);

/** Numbers of U(−1, 1), of the images' shape. */
export const uniformStart: Draw = (step, random) => asImages(random.uniforms(sizeOf(step), -1, 1), step);

/** Numbers of N(0, 1), of the images' shape. */
export const normalNoise: Draw = (step, random) => asImages(random.normals(sizeOf(step)), step);

/**
 * A strength that grows linearly from 0 over the first epochs, then stays.
 *
 * Counted in epochs, not as a share of the training: a run that is trained further keeps the weights that it has.
 */
export const warmedUp =
  (strength: number, epochs: number): Draw =>
  ({ epoch, step, steps }) =>
    epochs === 0 ? strength : strength * Math.min(1, (epoch - 1 + (step + 1) / steps) / epochs);
