import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { availableEngines, compile, sparseSoftmaxCrossEntropy, startEngine } from '../src/index.js';

describe.runIf((await availableEngines()).includes('native'))('what a compiled step may not do', () => {
  let x: tf.Tensor1D;
  beforeAll(async () => {
    await startEngine({ engine: 'native' });
  });
  beforeEach(() => {
    x = tf.tensor1d([1, 2, 3]);
  });
  const explain = (body: () => unknown): string => {
    try {
      body();
    } catch (error) {
      expect(error).toBeInstanceOf(WeightmapError);
      return (error as WeightmapError).explain();
    }
    throw new Error('it did not throw');
  };

  it('read a value in JavaScript', () => {
    const step = compile(({ x }: { x: tf.Tensor1D }) => x.mul(x.sum().dataSync()[0]));
    expect(explain(() => step({ x }))).toMatch(/reads a value in JavaScript/);
  });

  it('use a tensor from outside, whether TensorFlow has it already or not', () => {
    const known = x.add(1);
    const uses = (outside: tf.Tensor) => compile(({ x }: { x: tf.Tensor1D }) => x.mul(outside));
    expect(explain(() => uses(known)({ x }))).toMatch(/Mul uses a tensor that was made outside[^]*in mul/);
    expect(explain(() => uses(tf.tensor1d([1, 2, 3]))({ x }))).toMatch(/Mul uses a tensor/);
    // The same tensor that is the input, too: the next call may bring another one.
    expect(explain(() => uses(x)({ x }))).toMatch(/Mul uses a tensor/);
    expect(explain(() => compile(() => known)({}))).toMatch(/the result uses a tensor.*\n.*shape \[3\]/);
  });

  it('make random numbers in JavaScript', () => {
    const noisy = compile(({ x }: { x: tf.Tensor1D }) => x.add(tf.randomNormal([3])));
    expect(explain(() => noisy({ x }))).toMatch(/differ from call to call[^]*shape \[3\].*randomNormal/);
    const dropping = compile(({ x }: { x: tf.Tensor1D }) => tf.dropout(x, 0.5));
    expect(explain(() => dropping({ x }))).toMatch(/dropout, randomUniform/);
  });

  it('do something else the next time', () => {
    let calls = 0;
    const step = compile(({ x }: { x: tf.Tensor1D }) => (calls++ % 2 ? x.add(1) : x.exp()));
    expect(explain(() => step({ x }))).toMatch(
      /something else when it is called again.*\n.*first Exp in exp, then/,
    );
    const growing = compile(({ x }: { x: tf.Tensor1D }) => Array.from({ length: ++calls }, () => x.add(1)));
    expect(explain(() => growing({ x }))).toMatch(/something else/);
  });

  it('make variables at every call, or use one that is gone', () => {
    const making = compile(({ x }: { x: tf.Tensor1D }) => tf.variable(x).add(1));
    expect(explain(() => making({ x }))).toMatch(/makes new variables at every call/);
    const w = tf.variable(tf.scalar(1), true, 'the-weight');
    const step = compile(({ x }: { x: tf.Tensor1D }) => x.mul(w));
    step({ x });
    w.dispose();
    expect(explain(() => step({ x }))).toMatch(/the-weight, which a compiled step uses, was disposed/);
  });

  it('take or give anything but tensors', () => {
    const wrong = compile((() => 3) as unknown as () => tf.Tensor);
    expect(explain(() => wrong({}))).toMatch(/returns a number, not a tensor/);
    const listed = compile((() => ({ n: 3 })) as unknown as () => tf.Tensor);
    expect(explain(() => listed({}))).toMatch(/returns "n", a number/);
    const taking = compile(({ x }: { x: tf.Tensor1D }) => x.add(1));
    expect(explain(() => taking({ x: 'one' as unknown as tf.Tensor1D }))).toMatch(/"x".*is a string/);
  });

  it('or ask for what TensorFlow refuses', () => {
    const loss = compile(({ z, labels }: { z: tf.Tensor2D; labels: tf.Tensor1D }) =>
      sparseSoftmaxCrossEntropy(z, labels),
    );
    const z = tf.zeros<tf.Rank.R2>([2, 3]);
    loss({ z, labels: tf.tensor1d([0, 1], 'int32') });
    expect(explain(() => loss({ z, labels: tf.tensor1d([0, 7], 'int32') }))).toMatch(
      /could not run the compiled step: .*label value of 7/,
    );
  });

  it('and a step that throws leaves everything as it was', () => {
    const w = tf.variable(tf.scalar(1));
    const optimizer = tf.train.adam(0.1);
    const before = tf.memory().numTensors;
    const step = compile(({ x }: { x: tf.Tensor1D }) => {
      w.assign(tf.scalar(5));
      optimizer.minimize(() => w.square().sum<tf.Scalar>(), false, [w]);
      x.print();
    });
    for (let i = 0; i < 2; i++) explain(() => step({ x }));
    expect(w.dataSync()[0]).toBe(1);
    expect(optimizer.iterations).toBe(0);
    expect(tf.memory().numTensors - before).toBe(2); // Adam's moments
    expect([...x.add(1).dataSync()]).toEqual([2, 3, 4]);
  });
});
