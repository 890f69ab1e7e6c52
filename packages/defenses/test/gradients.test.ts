import * as tf from '@tensorflow/tfjs';
import { asClassifier, randomStream } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { crossEntropy } from '@weightmap/training';
import { describe, expect, it } from 'vitest';
import { imageGradient, slopeAlong } from '../src/_gradients.js';
import { steepest } from '../src/_norms.js';

useEngine('cpu');

/** A smooth network: two layers with tanh. */
function smooth() {
  const initial = (seed: number) => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [5, 5, 1],
        filters: 3,
        kernelSize: 3,
        activation: 'tanh',
        kernelInitializer: initial(3),
      }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, kernelInitializer: initial(4) }),
    ],
  });
  const images = tf.tensor4d(randomStream(1, 'smooth').uniforms(50), [2, 5, 5, 1]);
  const labels = tf.tensor1d([0, 2], 'int32');
  const lossOf = (x: tf.Tensor4D) => crossEntropy(asClassifier(model).logits(x), labels);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const dispose = () => {
    tf.dispose([images, labels]);
    model.dispose();
  };
  return { model, images, labels, lossOf, variables, dispose };
}

/** The derivative of ⟨u, ∇ₓJ⟩ by every weight, by central differences of the first gradient. */
function numerically({ images, lossOf, variables }: ReturnType<typeof smooth>, u: tf.Tensor4D): number[] {
  const slope = () => tf.tidy(() => imageGradient(images, lossOf).mul(u).sum().dataSync()[0]);
  return variables.flatMap((variable) => {
    const values = [...variable.dataSync()];
    const at = (index: number, h: number) => {
      tf.tidy(() =>
        variable.assign(
          tf.tensor(
            values.map((value, i) => (i === index ? value + h : value)),
            variable.shape,
          ),
        ),
      );
      return slope();
    };
    const slopes = values.map((_, index) => (at(index, 1e-2) - at(index, -1e-2)) / 2e-2);
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
    return slopes;
  });
}

const valuesOf = (grads: tf.NamedTensorMap, variables: tf.Variable[]) =>
  variables.flatMap(({ name, size }) =>
    grads[name] ? [...grads[name].dataSync()] : new Array<number>(size).fill(0),
  );

const lengthOf = (values: number[]) => Math.hypot(...values);
const distance = (a: number[], b: number[]) => lengthOf(a.map((value, i) => value - b[i])) / lengthOf(b);

describe('the gradient of a slope', () => {
  it.each(['linf', 'l2', 'l1'] as const)('agrees with numerical differentiation (%s)', (norm) => {
    const net = smooth();
    tf.tidy(() => {
      const u = steepest[norm](imageGradient(net.images, net.lossOf));
      const f = () => slopeAlong(net.lossOf, net.images, u, norm === 'linf' ? 0.01 : 0.03);
      const { value, grads } = tf.variableGrads(f, net.variables);
      expect(distance(valuesOf(grads, net.variables), numerically(net, u))).toBeLessThan(0.01);
      const exact = imageGradient(net.images, net.lossOf).mul(u).sum().dataSync()[0];
      expect(value.dataSync()[0]).toBeCloseTo(exact, 3);
    });
    net.dispose();
  });

  it('is wrong by nested gradients of tfjs, without notice', () => {
    const net = smooth();
    tf.tidy(() => {
      const u = steepest.linf(imageGradient(net.images, net.lossOf));
      const nested = () =>
        tf
          .grad((x) => net.lossOf(x as tf.Tensor4D))(net.images)
          .mul(u)
          .sum<tf.Scalar>();
      const { grads } = tf.variableGrads(nested, net.variables);
      expect(distance(valuesOf(grads, net.variables), numerically(net, u))).toBeGreaterThan(0.2);
    });
    net.dispose();
  });
});

describe('the gradient with respect to images', () => {
  it('refuses to be nested', () => {
    const net = smooth();
    const nested = () => imageGradient(net.images, net.lossOf).sum<tf.Scalar>();
    expect(() => tf.variableGrads(nested, net.variables)).toThrow(/within another gradient/);
    net.dispose();
  });

  it('leaves no tensor', () =>
    expectNoLeak(() => {
      const net = smooth();
      imageGradient(net.images, net.lossOf).dispose();
      net.dispose();
    }));
});
