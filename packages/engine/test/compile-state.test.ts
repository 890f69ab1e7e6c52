import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { availableEngines, compile, startEngine } from '../src/index.js';
import * as models from './_compile-models.js';

const { batchOf, take, trainingStep, valuesOf } = models;

describe.runIf((await availableEngines()).includes('native'))('the variables of a compiled step', () => {
  beforeAll(async () => {
    await startEngine({ engine: 'native' });
  });
  const scalar = (value: number) => tf.tidy(() => tf.variable(tf.scalar(value)));

  it('are read before they are written', () => {
    const [a, b] = [scalar(1), scalar(2)];
    const swap = compile(() => {
      const [oldA, oldB] = [a.clone(), b.clone()];
      a.assign(oldB);
      b.assign(oldA.mul(10));
      return { oldA, oldB, newA: a.add(0) };
    });
    for (let i = 0; i < 200; i++) {
      const [beforeA, beforeB] = [a.dataSync()[0] % 1e6, b.dataSync()[0] % 1e6];
      a.assign(tf.scalar(beforeA));
      b.assign(tf.scalar(beforeB));
      const { oldA, oldB, newA } = swap({});
      expect([take(oldA), take(oldB), take(newA)]).toEqual([beforeA, beforeB, beforeB]);
      expect([a.dataSync()[0], b.dataSync()[0]]).toEqual([beforeB, Math.fround(beforeA * 10)]);
    }
    swap.dispose();
  });

  it('are copies of what is fed, not its memory', () => {
    const w = tf.variable(tf.zeros([4]));
    const store = compile(({ x }: { x: tf.Tensor1D }) => w.assign(x.reshape([4])));
    const memory = Float32Array.of(1, 2, 3, 4);
    const x = tf.tensor1d(memory);
    store({ x });
    memory.fill(9);
    expect([...w.dataSync()]).toEqual([1, 2, 3, 4]);
    store.dispose();
    expect([...w.dataSync()]).toEqual([1, 2, 3, 4]);
  });

  it('can be read, cloned and assigned between the runs', () => {
    const w = scalar(0);
    const count = compile(({ by }: { by: tf.Scalar }) => w.assign(w.add(by)));
    count({ by: 1 });
    const one = w.clone();
    count({ by: 1 });
    const two = w.clone();
    count({ by: 1 });
    w.assign(w.mul(10)); // 30
    count({ by: 1 });
    expect([one, two, w].map((x) => x.dataSync()[0])).toEqual([1, 2, 31]);
    w.assign(one);
    count({ by: 0.5 });
    expect([one, w].map((x) => x.dataSync()[0])).toEqual([1, 1.5]);
    count.dispose();
    expect(w.dataSync()[0]).toBe(1.5);
    count({ by: 1 });
    expect(w.dataSync()[0]).toBe(2.5);
    count.dispose();
  });

  it('may share their data at first', () => {
    const online = scalar(1);
    const target = tf.variable(online);
    const step = compile(() => {
      online.assign(online.add(1));
      return target.mul(1);
    });
    expect([take(step({})), take(step({}))]).toEqual([1, 1]);
    expect([online, target].map((x) => x.dataSync()[0])).toEqual([3, 1]);
    step.dispose();
  });

  it('are shared by compiled and eager steps', () => {
    const [net, optimizer, batch] = [models.normalized(), tf.train.adam(0.05), batchOf(9)];
    const train = compile(trainingStep(net, optimizer));
    const predict = ({ images }: { images: tf.Tensor4D }) => net.model.predict(images) as tf.Tensor2D;
    const compiled = compile(predict);
    for (let i = 0; i < 4; i++) {
      take(train(batch));
      const [actual, expected] = [compiled(batch), predict(batch)];
      expect(models.difference([...actual.dataSync()], [...expected.dataSync()])).toBeLessThan(1e-5);
      tf.dispose([actual, expected]);
      if (i === 1) take(trainingStep(net, optimizer)(batch));
    }
    expect(optimizer.iterations).toBe(5);
    train.dispose();
    compiled.dispose();
  });

  it('keep their values when a further shape is recorded', () => {
    const batches = [batchOf(8, 1), batchOf(8, 2), batchOf(3, 3)];
    const run = (first: number) => {
      const [net, optimizer] = [models.convolutional(), tf.train.adam(0.01)];
      const step = compile(trainingStep(net, optimizer));
      if (first === 1) {
        // Record both shapes, then go back to the beginning.
        const before = [...net.variables].map((variable) => variable.clone());
        step(batches[2]).dispose();
        const fields = optimizer as unknown as Record<string, { variable: tf.Variable }[]> &
          Record<'accBeta1' | 'accBeta2', tf.Variable>;
        net.variables.forEach((variable, i) => variable.assign(before[i]));
        for (const name of ['accumulatedFirstMoment', 'accumulatedSecondMoment'])
          for (const { variable } of fields[name]) variable.assign(tf.zerosLike(variable));
        fields.accBeta1.assign(tf.scalar(0.9));
        fields.accBeta2.assign(tf.scalar(0.999));
      }
      const losses = [0, 1, 2, 0, 1, 2, 0].map((i) => take(step(batches[i])));
      const values = valuesOf(net.variables);
      step.dispose();
      return { losses, values };
    };
    expect(run(1)).toEqual(run(0));
  });

  it('make training resume to the same bits', () => {
    const batch = batchOf(8);
    const whole = models.normalized();
    const optimizer = tf.train.adam(0.01);
    const step = compile(trainingStep(whole, optimizer));
    for (let i = 0; i < 5; i++) take(step(batch));
    const slotsOf = (adam: tf.AdamOptimizer) => {
      const fields = adam as unknown as Record<string, { variable: tf.Variable }[]>;
      return [...fields.accumulatedFirstMoment, ...fields.accumulatedSecondMoment];
    };
    const powersOf = (adam: tf.AdamOptimizer) => {
      const { accBeta1, accBeta2 } = adam as unknown as Record<string, tf.Variable>;
      return [accBeta1, accBeta2];
    };
    const state = (net: models.Net, adam: tf.AdamOptimizer) => [
      ...net.variables,
      ...slotsOf(adam).map(({ variable }) => variable),
      ...powersOf(adam),
    ];
    const saved = valuesOf(state(whole, optimizer));
    const expected = Array.from({ length: 5 }, () => take(step(batch)));

    const resumed = models.normalized(2);
    const fresh = tf.train.adam(0.01);
    const fields = fresh as unknown as Record<string, unknown>;
    const trained = resumed.variables.filter(({ trainable }) => trainable);
    for (const name of ['accumulatedFirstMoment', 'accumulatedSecondMoment'])
      fields[name] = trained.map((variable) => ({
        originalName: variable.name,
        variable: tf.tidy(() => tf.variable(tf.zerosLike(variable), false)),
      }));
    const variables = state(resumed, fresh);
    const again = compile(trainingStep(resumed, fresh));
    variables.forEach((variable, i) => variable.assign(tf.tensor(saved[i], variable.shape)));
    expect(Array.from({ length: 5 }, () => take(again(batch)))).toEqual(expected);
    expect(valuesOf(variables)).toEqual(valuesOf(state(whole, optimizer)));
    step.dispose();
    again.dispose();
  });

  it('obey a learning rate that changes', () => {
    const w = scalar(0);
    for (const optimizer of [tf.train.adam(1), tf.train.sgd(1), tf.train.rmsprop(1)]) {
      w.assign(tf.scalar(0));
      const step = compile(() => void optimizer.minimize(() => w.sum<tf.Scalar>(), false, [w]));
      step({});
      step({});
      const before = w.dataSync()[0];
      if (optimizer.getClassName() === 'SGD') (optimizer as tf.SGDOptimizer).setLearningRate(0);
      else (optimizer as unknown as { learningRate: number }).learningRate = 0;
      step({});
      expect(before).toBeLessThan(-1.9);
      expect(w.dataSync()[0]).toBe(before);
      step.dispose();
    }
  });

  it('take two updates in one step, each seeing the one before', () => {
    const batch = batchOf(4);
    const run = (wrap: typeof compile) => {
      const [net, optimizer] = [models.convolutional(), tf.train.adam(0.01)];
      const once = trainingStep(net, optimizer);
      const twice = wrap((inputs: models.Batch) => [once(inputs), once(inputs)]);
      const losses = Array.from({ length: 3 }, () => twice(batch).map(take)).flat();
      if ('dispose' in twice) twice.dispose();
      expect(optimizer.iterations).toBe(6);
      return losses;
    };
    const eager = run(((step: unknown) => step) as typeof compile);
    expect(models.difference(run(compile), eager)).toBeLessThan(1e-4);
  });
});
