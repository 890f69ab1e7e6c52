import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../src/index.js';

describe('gradients of a convolution on wasm', () => {
  const x = Array.from({ length: 2 * 7 * 6 * 3 }, (_, i) => Math.sin(i * 1.7));

  beforeAll(async () => {
    await startEngine({ engine: 'wasm' });
  });

  for (const { stride, pad } of [
    { stride: 1, pad: 'valid' },
    { stride: 1, pad: 'same' },
    { stride: 2, pad: 'same' },
    { stride: 2, pad: 'valid' },
  ] as const)
    it(`equals plain loops: stride ${stride}, ${pad}`, async () => {
      const [B, H, W, Ci, Co, k] = [2, 7, 6, 3, 4, 3];
      const Ho = pad === 'same' ? Math.ceil(H / stride) : Math.ceil((H - k + 1) / stride);
      const Wo = pad === 'same' ? Math.ceil(W / stride) : Math.ceil((W - k + 1) / stride);
      const before = (size: number, out: number) =>
        pad === 'same' ? Math.floor(Math.max((out - 1) * stride + k - size, 0) / 2) : 0;
      const [top, left] = [before(H, Ho), before(W, Wo)];
      const dy = Array.from({ length: B * Ho * Wo * Co }, (_, i) => Math.cos(i * 0.9));
      const w = Array.from({ length: k * k * Ci * Co }, (_, i) => Math.sin(i * 0.6));
      const expected = new Float64Array(k * k * Ci * Co);
      const expectedInput = new Float64Array(B * H * W * Ci);
      for (let b = 0; b < B; b++)
        for (let i = 0; i < Ho; i++)
          for (let j = 0; j < Wo; j++)
            for (let u = 0; u < k; u++)
              for (let v = 0; v < k; v++) {
                const [r, c] = [i * stride + u - top, j * stride + v - left];
                if (r < 0 || r >= H || c < 0 || c >= W) continue;
                for (let ci = 0; ci < Ci; ci++)
                  for (let co = 0; co < Co; co++) {
                    const [at, input] = [((u * k + v) * Ci + ci) * Co + co, ((b * H + r) * W + c) * Ci + ci];
                    expected[at] += x[input] * dy[((b * Ho + i) * Wo + j) * Co + co];
                    expectedInput[input] += w[at] * dy[((b * Ho + i) * Wo + j) * Co + co];
                  }
              }
      const images = tf.tensor4d(x, [B, H, W, Ci]);
      const filter = tf.tensor4d(w, [k, k, Ci, Co]);
      const cotangent = tf.tensor(dy, [B, Ho, Wo, Co]);
      const tensors = tf.memory().numTensors;
      const [byInput, byFilter] = tf.grads((images, filter) =>
        tf.conv2d(images as tf.Tensor4D, filter as tf.Tensor4D, stride, pad),
      )([images, filter], cotangent);
      expect(tf.memory().numTensors).toBe(tensors + 2);
      for (const [gradient, wanted] of [
        [byFilter, expected],
        [byInput, expectedInput],
      ] as const) {
        const scale = Math.max(...wanted.map(Math.abs));
        for (const [at, value] of gradient.dataSync().entries())
          expect(Math.abs(value - wanted[at]), `entry ${at}`).toBeLessThan(1e-5 * scale);
      }
      tf.dispose([images, filter, cotangent, byInput, byFilter]);
    });
});
