import type { ImageSpec } from '@weightmap/core';

/** A made-up dataset's shape. */
export const specOf = (height: number, width: number, channels: number, classes: number): ImageSpec => ({
  height,
  width,
  channels,
  classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
});

export const mnist = specOf(28, 28, 1, 10);
export const cifar10 = specOf(32, 32, 3, 10);
export const iwildcam = specOf(23, 32, 1, 10);
