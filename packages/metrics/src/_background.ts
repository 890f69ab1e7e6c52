/** Pixels up to this share of an image's range above its darkest one are background. */
const DARK = 0.1;

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
 * The share of a map that lies on the background of an image: Σ over background pixels / Σ over all pixels, each with the
 * value of its place.
 *
 * @param map values of its places, non-negative.
 * @param pixels [height·width] of the image, the place of each pixel; −1 for pixels that take no part.
 * @param background [height·width], 1 for background.
 * @returns null if the map is 0 at all of these pixels.
 */
export function shareOnBackground(
  map: ArrayLike<number>,
  pixels: Int32Array,
  background: Uint8Array,
): number | null {
  let [behind, total] = [0, 0];
  for (let i = 0; i < pixels.length; i++) {
    if (pixels[i] < 0) continue;
    total += map[pixels[i]];
    if (background[i]) behind += map[pixels[i]];
  }
  return total === 0 ? null : behind / total;
}
