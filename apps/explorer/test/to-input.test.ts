import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { resize, toInput, type Decoded } from '../src/files/to-input.js';

const photo = { height: 23, width: 32, channels: 1 };

/** Smooth coloured waves with a sharp edge. */
function waves(width: number, height: number): Decoded {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const edge = x > width / 3 && y > height / 2 ? 60 : 0;
      const wave = (phase: number) => 110 + 70 * Math.sin((6 * x) / width + (4 * y) / height + phase) + edge;
      rgba.set([wave(0), wave(2), wave(4), 255], 4 * (y * width + x));
    }
  return { width, height, rgba };
}

/** As `decodeImage` of the datasets prepares a picture. */
async function bySharp(
  { width, height, rgba }: Decoded,
  to: { width: number; height: number; channels: number },
) {
  return sharp(rgba, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .resize(to.width, to.height, { fit: 'fill' })
    .toColourspace(to.channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer();
}

const flat = (width: number, height: number, colour: readonly number[]): Decoded => ({
  ...{ width, height },
  rgba: Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => colour[i % 4]),
});

describe('a picture as an input', () => {
  it.each([
    ['gray', photo],
    ['in colour', { ...photo, width: 32, height: 32, channels: 3 }],
  ])('is as the datasets prepare it: %s', async (_, to) => {
    for (const picture of [waves(320, 240), waves(101, 67), waves(64, 46)]) {
      const { pixels } = toInput(picture, to);
      const expected = await bySharp(picture, to);
      expect(pixels).toHaveLength(expected.length);
      const errors = [...pixels].map((value, i) => Math.abs(255 * value - expected[i]));
      const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
      expect(mean, `${picture.width} × ${picture.height}`).toBeLessThan(1.5);
      expect(Math.max(...errors), `${picture.width} × ${picture.height}`).toBeLessThan(20);
    }
  });

  it('keeps each place where it is, without turning or mirroring', () => {
    const picture = flat(64, 46, [0, 0, 0, 255]);
    for (let y = 0; y < 23; y++)
      for (let x = 32; x < 64; x++) picture.rgba.set([255, 255, 255], 4 * (y * 64 + x));
    const { pixels } = toInput(picture, photo);
    const at = (y: number, x: number) => pixels[32 * y + x];
    expect([at(3, 28), at(3, 3), at(20, 28), at(20, 3)].map(Math.round)).toEqual([1, 0, 0, 0]);
  });

  it('says what was done, and nothing else', () => {
    const steps = (picture: Decoded, to = photo, isDigit = false) =>
      toInput(picture, to, { isDigit }).steps.slice(1);
    expect(steps(flat(32, 23, [9, 9, 9, 255]))).toEqual([]);
    expect(steps(flat(64, 46, [9, 9, 9, 255]))).toEqual(['resized from 64 × 46 to 32 × 23 pixels']);
    expect(steps(flat(40, 40, [9, 8, 9, 128]))).toEqual([
      'laid on white, since parts are transparent',
      'resized from 40 × 40 to 32 × 23 pixels, without keeping its proportions',
      'turned gray by its luminance',
    ]);
    const digit = { height: 28, width: 28, channels: 1 };
    expect(steps(flat(28, 28, [250, 250, 250, 255]), digit, true)[0]).toMatch(/^inverted/);
    expect(steps(flat(28, 28, [5, 5, 5, 255]), digit, true)).toEqual([]);
    expect(steps(flat(28, 28, [250, 250, 250, 255]), digit)).toEqual([]);
  });

  it('lays what is transparent on white, and inverts a digit that is dark on light', () => {
    expect(toInput(flat(32, 23, [0, 0, 0, 0]), photo).pixels[0]).toBe(1);
    const digit = { height: 28, width: 28, channels: 1 };
    const { pixels } = toInput(flat(28, 28, [255, 255, 255, 255]), digit, { isDigit: true });
    expect([...new Set(pixels)]).toEqual([0]);
  });

  it('is resized from any size, one pixel too, within [0, 1]', () => {
    expect([...resize(Float32Array.of(0.4), { width: 1, height: 1 }, { width: 3, height: 2 })]).toEqual(
      new Array(6).fill(Math.fround(0.4)),
    );
    const steps = Float32Array.from({ length: 400 }, (_, i) => Number(i % 20 > 9));
    const small = resize(steps, { width: 20, height: 20 }, { width: 7, height: 7 });
    expect(Math.min(...small) >= 0 && Math.max(...small) <= 1).toBe(true);
  });
});
