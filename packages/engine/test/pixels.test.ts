import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { availableEngines, compile, packPixels, startEngine, unpackPixels } from '../src/index.js';

const engines = await availableEngines();

describe.each(engines)('packPixels and unpackPixels on %s', (engine) => {
  beforeAll(async () => {
    await startEngine({ engine });
  });

  it('give each of the 256 values divided by 255, as the nearest float32', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const before = tf.memory().numTensors;
    const packed = packPixels(bytes);
    const images = unpackPixels<tf.Rank.R4>(packed, [4, 8, 8, 1]);
    expect(images.shape).toEqual([4, 8, 8, 1]);
    expect(images.dtype).toBe('float32');
    expect([...images.dataSync()]).toEqual([...bytes].map((byte) => Math.fround(byte / 255)));
    tf.dispose([packed, images]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('take numbers of bytes that are no multiple of four, and none', () => {
    for (const count of [0, 1, 5, 7]) {
      const bytes = Uint8Array.from({ length: count }, (_, i) => 250 + i);
      const images = tf.tidy(() => unpackPixels<tf.Rank.R2>(packPixels(bytes), [count, 1]).mul(255));
      expect([...images.dataSync()].map(Math.round)).toEqual([...bytes]);
      images.dispose();
    }
  });

  it('don’t look at the array again after packing, and run within a compiled step', () => {
    const bytes = Uint8Array.of(10, 20, 30, 40, 50, 60);
    const step = compile(({ packed }: { packed: tf.Tensor }) =>
      unpackPixels<tf.Rank.R2>(packed, [2, 3]).sum(1),
    );
    const sums = () => {
      const packed = packPixels(bytes);
      bytes.fill(0);
      const result = step({ packed });
      const values = [...result.mul(255).dataSync()].map(Math.round);
      tf.dispose([packed, result]);
      return values;
    };
    expect(sums()).toEqual([60, 150]);
    bytes.set([1, 2, 3, 255, 255, 255]);
    expect(sums()).toEqual([6, 765]);
    step.dispose();
  });
});
