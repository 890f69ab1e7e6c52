/** Pixels up to this share of an image's range above its darkest one are background. */
const DARK = 0.1;

/** Height and width, of an image or of a map. */
export type Size = readonly [height: number, width: number];

/**
 * Where the background of a bright figure on a dark ground is: pixels no brighter than a tenth of the image's range
 * above its darkest, in every channel. An image without contrast has none.
 *
 * @param pixels [height, width, channels] of one image.
 * @returns [height·width], 1 for background.
 */
export function darkBackground(pixels: ArrayLike<number>, channels: number): Uint8Array {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < pixels.length; i++) {
    low = Math.min(low, pixels[i]);
    high = Math.max(high, pixels[i]);
  }
  const threshold = low + DARK * (high - low);
  const background = new Uint8Array(pixels.length / channels).fill(high > low ? 1 : 0);
  for (let i = 0; i < pixels.length; i++) if (pixels[i] > threshold) background[Math.floor(i / channels)] = 0;
  return background;
}

/**
 * The share of a map that lies on the background of an image, the map brought to the image's size by nearest neighbour:
 * every pixel has the value of the place that its centre falls into.
 *
 * @param map [height, width], non-negative.
 * @param background [height·width] of the image, 1 for background.
 * @returns null if the map is 0 everywhere.
 */
export function shareOnBackground(
  map: ArrayLike<number>,
  [mapHeight, mapWidth]: Size,
  background: Uint8Array,
  [height, width]: Size,
): number | null {
  let [behind, total] = [0, 0];
  for (let row = 0; row < height; row++) {
    const mapRow = Math.floor(((row + 0.5) * mapHeight) / height);
    for (let column = 0; column < width; column++) {
      const value = map[mapRow * mapWidth + Math.floor(((column + 0.5) * mapWidth) / width)];
      total += value;
      if (background[row * width + column]) behind += value;
    }
  }
  return total === 0 ? null : behind / total;
}
