import { layerKinds, WeightmapError, type ImageSpec, type LayerKind } from '@weightmap/core';

/** @throws WeightmapError if the value is no whole number of at least `from`. */
export function checkWhole(value: unknown, what: string, { from = 1 }: { from?: number } = {}): void {
  if (!Number.isSafeInteger(value) || (value as number) < from)
    throw new WeightmapError(`${what} is ${String(value)}.`, {
      expected: `a whole number of at least ${from}`,
    });
}

/** @throws WeightmapError if a side is no positive whole number or there are fewer than two classes. */
export function checkSpec({ height, width, channels, classes }: ImageSpec): void {
  checkWhole(height, 'The height of the images');
  checkWhole(width, 'The width of the images');
  checkWhole(channels, 'The number of image channels');
  checkWhole(classes.length, 'The number of classes', { from: 2 });
}

/** @throws WeightmapError if the seed is no safe integer. */
export function checkSeed(seed: number): void {
  if (!Number.isSafeInteger(seed))
    throw new WeightmapError(`The seed is ${seed}.`, { where: 'seed', expected: 'a whole number' });
}

/** @throws WeightmapError if there is no such feature layer. */
export function checkKind(kind: LayerKind): void {
  if (!layerKinds.includes(kind))
    throw new WeightmapError(`There is no feature layer “${kind}”.`, {
      where: 'kind',
      expected: `one of ${layerKinds.join(', ')}`,
    });
}

/** @throws WeightmapError if there is no kind, or one that there isn't. */
export function checkKinds(kinds: readonly LayerKind[]): void {
  checkWhole(kinds.length, 'The number of kinds of feature layers');
  kinds.forEach(checkKind);
}
