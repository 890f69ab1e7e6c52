import type { RandomStream } from '@weightmap/core';
import { GLYPHS, type Stroke } from './_glyphs.js';

/** Rows and columns of an image. */
export const SIDE = 28;

/** How far the drawing varies; every range is drawn from uniformly. */
const JITTER = {
  /** Height of the digit, pixels. */
  height: [14, 20],
  /** Width over height, of the unit square that a glyph is designed in. */
  aspect: [0.75, 1.1],
  /** Tangent of half the rotation: ±18°. */
  halfTurn: [-0.16, 0.16],
  shear: [-0.3, 0.3],
  /** Of the centre, pixels. */
  shift: [-3, 3],
  /** Moves the nine knots of the warp, unit square. */
  warp: [-0.09, 0.09],
  /** Pixels. */
  thickness: [1.3, 3],
  /** Brightness of the stroke. */
  ink: [0.55, 1],
  /** Short strokes that belong to no digit: their number, length (pixels), brightness. */
  clutter: { count: 4, length: [2, 7], ink: [0.3, 0.8] },
  /** Added to each pixel, either sign. */
  noise: 0.12,
} as const;

/**
 * Draws a digit: one of its glyphs, warped, sheared, rotated, scaled and shifted at random, in a
 * stroke of random thickness, amid clutter and noise.
 *
 * @param pixels [28, 28], overwritten with 0…255.
 */
export function drawDigit(digit: number, random: RandomStream, pixels: Uint8Array): void {
  const within = ([low, high]: readonly [number, number]) => low + (high - low) * random.uniform();
  const canvas = new Float64Array(SIDE * SIDE);

  const styles = GLYPHS[digit];
  const glyph = styles[random.integer(styles.length)];
  const place = randomPlacement(within);
  const radius = within(JITTER.thickness) / 2;
  const ink = within(JITTER.ink);
  for (const stroke of glyph) drawStroke(canvas, stroke.map(place), radius, ink);

  const { clutter } = JITTER;
  for (let i = random.integer(clutter.count); i > 0; i--) {
    const [x, y] = [within([0, SIDE]), within([0, SIDE])];
    const length = within(clutter.length);
    const [cos, sin] = direction(within([-1, 1]));
    const scrap: Stroke = [
      [x, y],
      [x + length * cos, y + length * sin],
    ];
    drawStroke(canvas, scrap, within(JITTER.thickness) / 2, within(clutter.ink));
  }

  for (let i = 0; i < pixels.length; i++) {
    const value = canvas[i] + JITTER.noise * (2 * random.uniform() - 1);
    pixels[i] = Math.round(255 * Math.min(1, Math.max(0, value)));
  }
}

type Within = (range: readonly [number, number]) => number;

/** From the unit square to pixels: a smooth warp, then an affine map. */
function randomPlacement(within: Within): (point: Stroke[number]) => Stroke[number] {
  const knots = Array.from({ length: 9 }, () => [within(JITTER.warp), within(JITTER.warp)] as const);
  const height = within(JITTER.height);
  const width = height * within(JITTER.aspect);
  const [cos, sin] = direction(within(JITTER.halfTurn));
  const shear = within(JITTER.shear);
  const [shiftX, shiftY] = [within(JITTER.shift), within(JITTER.shift)];
  return ([x, y]) => {
    const [warpX, warpY] = between(knots, x, y);
    const v = (y + warpY - 0.5) * height;
    const u = (x + warpX - 0.5) * width + shear * v;
    return [SIDE / 2 + shiftX + cos * u - sin * v, SIDE / 2 + shiftY + sin * u + cos * v];
  };
}

/**
 * Cosine and sine by the tangent of half the angle: only operations that IEEE 754 defines to the
 * last bit, so that every machine draws the same bytes.
 */
function direction(t: number): [cos: number, sin: number] {
  const square = t * t;
  return [(1 - square) / (1 + square), (2 * t) / (1 + square)];
}

/** Bilinear between 3×3 knots over the unit square. */
function between(knots: readonly (readonly [number, number])[], x: number, y: number): [number, number] {
  const [column, row] = [x < 0.5 ? 0 : 1, y < 0.5 ? 0 : 1];
  const [s, t] = [2 * x - column, 2 * y - row];
  const corner = 3 * row + column;
  const mix = (axis: 0 | 1) =>
    (1 - t) * ((1 - s) * knots[corner][axis] + s * knots[corner + 1][axis]) +
    t * ((1 - s) * knots[corner + 3][axis] + s * knots[corner + 4][axis]);
  return [mix(0), mix(1)];
}

/** Draws a round pen's line, anti-aliased: a pixel's share of ink falls off over one pixel at the rim. */
function drawStroke(canvas: Float64Array, stroke: Stroke, radius: number, ink: number): void {
  for (let i = 1; i < stroke.length; i++) drawPiece(canvas, stroke[i - 1], stroke[i], radius, ink);
}

function drawPiece(
  canvas: Float64Array,
  [x0, y0]: Stroke[number],
  [x1, y1]: Stroke[number],
  radius: number,
  ink: number,
): void {
  const reach = radius + 0.5;
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length2 = dx * dx + dy * dy;
  const left = Math.max(0, Math.floor(Math.min(x0, x1) - reach));
  const right = Math.min(SIDE - 1, Math.ceil(Math.max(x0, x1) + reach));
  const top = Math.max(0, Math.floor(Math.min(y0, y1) - reach));
  const bottom = Math.min(SIDE - 1, Math.ceil(Math.max(y0, y1) + reach));
  for (let row = top; row <= bottom; row++)
    for (let column = left; column <= right; column++) {
      // From the pixel's centre to the nearest point of the piece.
      const [px, py] = [column + 0.5 - x0, row + 0.5 - y0];
      const t = length2 === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length2));
      const [ex, ey] = [px - t * dx, py - t * dy];
      const share = Math.min(1, Math.max(0, reach - Math.sqrt(ex * ex + ey * ey)));
      const at = row * SIDE + column;
      if (share * ink > canvas[at]) canvas[at] = share * ink;
    }
}
