import * as tf from '@tensorflow/tfjs';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { crossEntropy } from '../src/index.js';

useEngine();

/** The closed form, one image after another, in float64. */
function closedForm(logits: number[][], labels: number[]): { loss: number; gradient: number[] } {
  let loss = 0;
  const gradient: number[] = [];
  logits.forEach((row, b) => {
    const top = Math.max(...row);
    const total = row.reduce((sum, z) => sum + Math.exp(z - top), 0);
    loss += (top + Math.log(total) - row[labels[b]]) / logits.length;
    row.forEach((z, c) =>
      gradient.push((Math.exp(z - top) / total - Number(c === labels[b])) / logits.length),
    );
  });
  return { loss, gradient };
}

function measured(logits: number[][], labels: number[]): { loss: number; gradient: number[] } {
  return tf.tidy(() => {
    const truth = tf.tensor1d(labels, 'int32');
    const { value, grad } = tf.valueAndGrad((z: tf.Tensor) => crossEntropy(z as tf.Tensor2D, truth))(
      tf.tensor2d(logits),
    );
    return { loss: value.dataSync()[0], gradient: [...grad.dataSync()] };
  });
}

describe('crossEntropy', () => {
  it('equals the closed form, and so does its gradient', async () => {
    const logits = [
      [0.3, -1.2, 2.5, 0],
      [4, 4, 4, 4],
      [-7, 1, 0.5, -0.1],
    ];
    const labels = [2, 0, 3];
    const expected = closedForm(logits, labels);
    const { loss, gradient } = await expectNoLeak(() => measured(logits, labels));
    expect(loss).toBeCloseTo(expected.loss, 5);
    expect(gradient).toBeAllclose(expected.gradient, 1e-6);
  });

  it('is exact at logits of ±10,000', () => {
    const logits = [
      [1e4, -1e4],
      [1e4, -1e4],
    ];
    const { loss, gradient } = measured(logits, [0, 1]);
    expect(loss).toBe(1e4); // (0 + 20,000) / 2
    expect(gradient).toEqual([0, 0, 0.5, -0.5]);
  });

  it('has a gradient where the model is confident and right', () => {
    // p = 1 − 2e-9: tfjs's own cross-entropy on probabilities clips this to zero.
    const logits = [[20, 0, -3]];
    const { gradient } = measured(logits, [0]);
    expect(gradient.slice(1)).toBeAllclose(closedForm(logits, [0]).gradient.slice(1), 1e-5);
    expect(gradient[1]).toBeGreaterThan(0);
  });
});
