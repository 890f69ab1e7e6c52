import fs from 'node:fs';
import os from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { availableEngines, compile, startEngine } from '../src/index.js';
import * as models from './_compile-models.js';

const { batchOf, difference, take, trainingStep, valuesOf } = models;
const engines = await availableEngines();

describe.each(engines)('compile on %s', (engine) => {
  beforeAll(async () => {
    await startEngine({ engine });
  });

  const optimizers = {
    adam: () => tf.train.adam(0.01),
    sgd: () => tf.train.sgd(0.1),
    momentum: () => tf.train.momentum(0.1, 0.9),
    rmsprop: () => tf.train.rmsprop(0.01),
  };
  it.each(Object.keys(optimizers) as (keyof typeof optimizers)[])(
    'trains as the eager step does, %s',
    (name) => {
      const batch = batchOf(7);
      const run = (wrap: typeof compile) => {
        const [net, optimizer] = [models.convolutional(), optimizers[name]()];
        const step = wrap(trainingStep(net, optimizer));
        const losses = Array.from({ length: 20 }, () => take(step(batch)));
        const weights = valuesOf(net.variables);
        const { iterations } = optimizer;
        if ('dispose' in step) step.dispose();
        net.dispose();
        return { losses, weights, iterations };
      };
      const eager = run(((step: unknown) => step) as typeof compile);
      const compiled = run(compile);
      expect(eager.losses.at(-1)).toBeLessThan(eager.losses[0]);
      expect(difference(compiled.losses.slice(0, 2), eager.losses.slice(0, 2))).toBeLessThan(1e-5);
      expect(difference(compiled.losses, eager.losses)).toBeLessThan(1e-5);
      compiled.weights.forEach((values, i) =>
        expect(difference(values, eager.weights[i])).toBeLessThan(1e-4),
      );
      expect(compiled.iterations).toBe(20);
      tf.dispose(batch);
    },
  );

  it.each(['convolutional', 'normalized', 'weightMap'] as const)('gives the eager gradients, %s', (kind) => {
    const net = models[kind]();
    const batch = batchOf(5);
    const trained = net.variables.filter(({ trainable }) => trainable);
    const gradients = ({ images, labels }: models.Batch) => {
      const { value, grads } = tf.variableGrads(
        () => tf.losses.softmaxCrossEntropy<tf.Tensor, tf.Scalar>(labels, net.logits(images)),
        trained,
      );
      return { loss: value, ...grads } as Record<string, tf.Tensor>;
    };
    const step = compile(gradients);
    const expected = gradients(batch);
    const actual = step(batch);
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    const largest = Math.max(...Object.values(expected).flatMap((tensor) => [...tensor.abs().dataSync()]));
    for (const name in expected) {
      expect(actual[name].shape).toEqual(expected[name].shape);
      const [values, wanted] = [actual, expected].map((tensors) => [...tensors[name].dataSync()]);
      // The gradient of a bias before a normalisation is nothing but rounding errors.
      expect(difference(values, wanted, 0.1 * largest)).toBeLessThan(1e-5);
    }
    step.dispose();
    tf.dispose([actual, expected, batch]);
    net.dispose();
  });

  it('updates the moving averages of batch normalisation once a step', () => {
    const batch = batchOf(6);
    const averages = (wrap: typeof compile) => {
      const net = models.normalized();
      // Not Adam: the bias before a normalisation has no gradient but rounding errors, which Adam would enlarge.
      const step = wrap(trainingStep(net, tf.train.sgd(0.1)));
      for (let i = 0; i < 3; i++) step(batch).dispose();
      const values = valuesOf(net.variables.filter(({ trainable }) => !trainable));
      if ('dispose' in step) step.dispose();
      net.dispose();
      return values.flat();
    };
    const eager = averages(((step: unknown) => step) as typeof compile);
    expect(difference(averages(compile), eager)).toBeLessThan(1e-5);
    expect(eager[0]).not.toBe(0);
    tf.dispose(batch);
  });

  it('takes numbers and tensors as inputs, and gives what the step gives', () => {
    const w = tf.variable(tf.tensor1d([1, 2, 3]));
    const descend = compile(
      ({ gradient, learningRate }: { gradient: tf.Tensor1D; learningRate: tf.Scalar }) => {
        w.assign(w.sub(gradient.mul(learningRate)));
      },
    );
    const gradient = tf.tensor1d([1, 1, 1]);
    expect(descend({ gradient, learningRate: 1 })).toBeUndefined();
    expect([...w.dataSync()]).toEqual([0, 1, 2]);
    descend({ gradient, learningRate: 2 });
    expect([...w.dataSync()]).toEqual([-2, -1, 0]);
    expect(descend.graphs).toBe(engine === 'native' ? 1 : 0);

    const lists = compile(({ x }: { x: tf.Tensor1D }) => [x.add(w), x.greater(0), x.toInt()]);
    const [sum, positive, whole] = lists({ x: gradient });
    expect([sum.dtype, positive.dtype, whole.dtype]).toEqual(['float32', 'bool', 'int32']);
    expect([...sum.dataSync()]).toEqual([-1, 0, 1]);
    tf.dispose([gradient, w, sum, positive, whole]);
    descend.dispose();
    lists.dispose();
  });

  it('differentiates by an input', () => {
    const net = models.convolutional();
    const gradientOf = ({ images, labels }: models.Batch) =>
      tf.grad((x) => tf.losses.softmaxCrossEntropy(labels, net.logits(x as tf.Tensor4D)))(images);
    const compiled = compile(gradientOf);
    const batch = batchOf(4);
    const [actual, expected] = [compiled(batch), gradientOf(batch)];
    expect(difference([...actual.dataSync()], [...expected.dataSync()])).toBeLessThan(1e-5);
    // Within a gradient, the step itself runs: what it computes can be differentiated.
    const logits = compile(({ images }: { images: tf.Tensor4D }) => net.logits(images));
    const throughCompiled = tf.grad((x) =>
      tf.losses.softmaxCrossEntropy(batch.labels, logits({ images: x as tf.Tensor4D })),
    )(batch.images);
    expect(difference([...throughCompiled.dataSync()], [...expected.dataSync()])).toBeLessThan(1e-5);
    tf.dispose([actual, expected, throughCompiled, batch]);
    compiled.dispose();
    logits.dispose();
    net.dispose();
  });

  it('needs no variables', () => {
    const pure = compile(({ x }: { x: tf.Tensor2D }) => ({
      rows: x.expandDims(1).mean(2),
      whole: x.toInt().mean(),
    }));
    const x = tf.tensor2d([
      [1, 2],
      [3, 6],
    ]);
    const { rows, whole } = pure({ x });
    expect([rows.shape, [...rows.dataSync()], take(whole)]).toEqual([[2, 1], [1.5, 4.5], 3]);
    tf.dispose([x, rows]);
    pure.dispose();
  });

  it('takes a smaller batch in between', () => {
    const net = models.weightMap();
    const logits = compile(({ images }: { images: tf.Tensor4D }) => net.logits(images));
    for (const count of [6, 2, 6, 1]) {
      const { images, labels } = batchOf(count, count);
      const [actual, expected] = [logits({ images }), net.logits(images)];
      expect(actual.shape).toEqual([count, 3]);
      expect(difference([...actual.dataSync()], [...expected.dataSync()])).toBeLessThan(1e-6);
      tf.dispose([images, labels, actual, expected]);
    }
    expect(logits.graphs).toBe(engine === 'native' ? 3 : 0);
    logits.dispose();
    net.dispose();
  });
});

describe.runIf(engines.includes('native'))('a compiled step', () => {
  beforeAll(async () => {
    await startEngine({ engine: 'native' });
  });

  it('runs the same bits again', () => {
    const batch = batchOf(8);
    const run = () => {
      const net = models.normalized();
      const step = compile(trainingStep(net, tf.train.adam(0.01)));
      const losses = Array.from({ length: 200 }, () => take(step(batch)));
      const weights = valuesOf(net.variables);
      step.dispose();
      net.dispose();
      return { losses, weights };
    };
    expect(run()).toEqual(run());
    tf.dispose(batch);
  });

  it('leaves no tensor, session, folder or memory behind', () => {
    const { binding } = tf.backend() as unknown as {
      binding: { getNumOfTensors(): number; getNumOfSavedModels(): number };
    };
    const folders = () =>
      fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith(`weightmap-graph-${process.pid}-`)).length;
    const counts = () => [tf.memory().numTensors, binding.getNumOfTensors()];
    const sessions = binding.getNumOfSavedModels();
    const [net, optimizer, batch] = [models.convolutional(), tf.train.adam(0.01), batchOf(4)];
    const before = folders();
    const step = compile(trainingStep(net, optimizer));
    take(step(batch));
    const tensors = counts();
    for (let i = 0; i < 200; i++) take(step(batch));
    // The heap of JavaScript grows and shrinks as the collector likes.
    const native = () => {
      const { rss, heapTotal } = process.memoryUsage();
      return rss - heapTotal;
    };
    const memory = native();
    for (let i = 0; i < 1000; i++) take(step(batch));
    expect((native() - memory) / 2 ** 20).toBeLessThan(10);
    expect(counts()).toEqual(tensors);
    expect(folders()).toBe(before);
    expect(binding.getNumOfSavedModels()).toBe(sessions + 1);
    step.dispose();
    expect(binding.getNumOfSavedModels()).toBe(sessions);
    net.dispose();
    optimizer.dispose();
    tf.dispose(batch);
  });
});
