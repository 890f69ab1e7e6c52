import { argumentError, requireInteger, show } from './_argument-error.js';

/**
 * Zeros around the map, in pixels: none ('valid'); so many that stride 1 keeps the size ('same':
 * floor((k − 1)/2) before and the rest after, on each axis); a number for all four sides; or
 * [[top, bottom], [left, right]].
 */
export type Padding = 'valid' | 'same' | number | [[number, number], [number, number]];

/** Where the k×k window goes over the map. */
export interface WindowOptions {
  /** Side k of the window in pixels: any integer ≥ 1, odd or even. Default 3. */
  kernelSize?: number;
  /** Default 'valid' for smoothing and 'same' for unsharp. */
  padding?: Padding;
  /** Steps of the window in pixels: one for both axes, or [down, right]. Default 1. */
  strides?: number | [number, number];
}

/** A window resolved against the size of a map. */
export interface WindowGeometry {
  readonly kernelSize: number;
  /** [[top, bottom], [left, right]] */
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
  readonly strides: readonly [number, number];
  /** [height, width] that stride 1 would give. */
  readonly denseSize: readonly [number, number];
  /** [height, width] of the output. */
  readonly outputSize: readonly [number, number];
}

/**
 * [height, width] of a weight map layer's output, which is also that of its bias.
 *
 * Stride 1 gives height + top + bottom − k + 1 rows; a stride s keeps every s-th, beginning with the
 * first: ⌈rows / s⌉. Columns likewise. Smoothing and unsharp differ in their default padding only.
 *
 * @throws Error if an option is invalid or the window is larger than the padded map.
 */
export function weightMapOutputSize(
  [height, width]: readonly [number, number],
  { kernelSize = 3, padding, strides = 1 }: WindowOptions & { padding: Padding },
): [number, number] {
  const [rows, columns] = resolveWindow('weightMapOutputSize', [height, width], {
    kernelSize,
    padding,
    strides,
  }).outputSize;
  return [rows, columns];
}

/** Checks the options and computes what follows from them; `where` names the caller in errors. */
export function resolveWindow(
  where: string,
  inputSize: readonly [number, number],
  options: Required<WindowOptions>,
): WindowGeometry {
  const { kernelSize, padding, strides } = placeWindow(where, options);
  requireInteger(`${where}: input height`, inputSize[0], 1);
  requireInteger(`${where}: input width`, inputSize[1], 1);

  const padded = inputSize.map((size, axis) => size + padding[axis][0] + padding[axis][1]);
  const largest = Math.min(...padded);
  if (kernelSize > largest)
    throw argumentError(
      `${where}: kernelSize`,
      `got ${kernelSize} for a padded input of ${padded.join('×')} pixels`,
      `at most ${largest} (or more padding)`,
    );
  const denseSize = [padded[0] - kernelSize + 1, padded[1] - kernelSize + 1] as const;
  const outputSize = [Math.ceil(denseSize[0] / strides[0]), Math.ceil(denseSize[1] / strides[1])] as const;
  return { kernelSize, padding, strides, denseSize, outputSize };
}

/** What can be checked and computed before the map's size is known. */
export function placeWindow(
  where: string,
  { kernelSize, padding, strides }: Required<WindowOptions>,
): Pick<WindowGeometry, 'kernelSize' | 'padding' | 'strides'> {
  requireInteger(`${where}: kernelSize`, kernelSize, 1);
  return {
    kernelSize,
    padding: resolvePadding(where, padding, kernelSize),
    strides: bothAxes(where, strides),
  };
}

function bothAxes(where: string, strides: unknown): [number, number] {
  const pair: unknown[] = Array.isArray(strides) ? strides : [strides, strides];
  if (pair.length !== 2)
    throw argumentError(`${where}: strides`, `got ${show(strides)}`, 'a number or [down, right]');
  pair.forEach((stride) => requireInteger(`${where}: strides`, stride, 1));
  return pair as [number, number];
}

function resolvePadding(where: string, padding: unknown, kernelSize: number): WindowGeometry['padding'] {
  const allSides = (before: number, after: number) =>
    [
      [before, after],
      [before, after],
    ] as const;
  if (padding === 'valid') return allSides(0, 0);
  if (padding === 'same')
    return allSides(centreOffset(kernelSize), kernelSize - 1 - centreOffset(kernelSize));
  if (typeof padding === 'number') {
    requireInteger(`${where}: padding`, padding, 0);
    return allSides(padding, padding);
  }
  const isPair = (side: unknown): side is [number, number] => Array.isArray(side) && side.length === 2;
  if (!Array.isArray(padding) || padding.length !== 2 || !padding.every(isPair))
    throw argumentError(
      `${where}: padding`,
      `got ${show(padding)}`,
      "'valid', 'same', a number, or [[top, bottom], [left, right]]",
    );
  padding.flat().forEach((side) => requireInteger(`${where}: padding`, side, 0));
  return [padding[0], padding[1]];
}

/** Where the window's centre lies, counted from its first row or column: floor((k − 1)/2). */
export const centreOffset = (kernelSize: number): number => Math.floor((kernelSize - 1) / 2);
