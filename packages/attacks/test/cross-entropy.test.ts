import * as tf from '@tensorflow/tfjs';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { crossEntropy } from '../src/harness/_cross-entropy.js';

useEngine('cpu');

/** −log softmax(z)_y and its gradient, in float64. */
function literal(z: number[], label: number): { loss: number; gradient: number[] } {
  const rest = z.filter((_, k) => k !== label).reduce((sum, value) => sum + Math.exp(value - z[label]), 0);
  const p = z.map((value) => Math.exp(value - z[label]) / (1 + rest));
  return {
    loss: Math.log1p(rest),
    gradient: p.map((value, k) => (k === label ? -rest / (1 + rest) : value)),
  };
}

/** Loss and gradient of one image; the two computed apart, as the attacks do. */
const computed = (z: number[], label: number) =>
  tf.tidy(() => {
    const f = (logits: tf.Tensor) => crossEntropy(logits as tf.Tensor2D, tf.tensor1d([label], 'int32'));
    const logits = tf.tensor2d([z]);
    return {
      loss: f(logits).dataSync()[0],
      gradient: [
        ...tf
          .grad((x) => f(x).sum())(logits)
          .dataSync(),
      ],
    };
  });

describe('crossEntropy', () => {
  it.each([
    { z: [0.2, -1.3, 2.1, 0.4], label: 1 },
    { z: [0.2, -1.3, 2.1, 0.4], label: 2 },
    { z: [12, -3, 5], label: 0 },
    { z: [-2, 9], label: 0 },
    { z: [0, 0, 0], label: 1 },
  ])('equals the literal formula: $z, label $label', async ({ z, label }) => {
    const expected = literal(z, label);
    const { loss, gradient } = await expectNoLeak(() => computed(z, label));
    expect(loss).toBeCloseTo(expected.loss, 5);
    expect(gradient).toBeAllclose(expected.gradient, 1e-5);
  });

  it('keeps the value and the whole gradient of confident predictions', () => {
    for (const margin of [20, 40, 80]) {
      const { loss, gradient } = computed([margin, 0, -1], 0);
      expect(loss / literal([margin, 0, -1], 0).loss).toBeCloseTo(1, 4);
      expect(gradient).toBeAllclose(literal([margin, 0, -1], 0).gradient, 1e-4);
      expect(gradient[0]).toBeLessThan(0);
    }
  });

  it('stays finite for huge logits', () => {
    expect(computed([-3000, 2000, 1000], 0)).toEqual({ loss: 5000, gradient: [-1, 1, 0] });
    const { loss, gradient } = computed([3000, -2000, -2000], 0);
    expect(loss).toBe(0);
    expect(gradient.every(Number.isFinite)).toBe(true);
  });

  it('multiplies by the gradient that comes in', () => {
    const weighted = tf.tidy(() =>
      tf
        .grad((x) =>
          crossEntropy(x as tf.Tensor2D, tf.tensor1d([0, 0], 'int32'))
            .mul([3, -1])
            .sum(),
        )(
          tf.tensor2d([
            [0, 0],
            [0, 0],
          ]),
        )
        .dataSync(),
    );
    expect(weighted).toBeAllclose([-1.5, 1.5, 0.5, -0.5]);
  });
});
