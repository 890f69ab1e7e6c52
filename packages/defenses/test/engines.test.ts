import * as tf from '@tensorflow/tfjs';
import { asClassifier, randomStream, tensorsOf, type NamedTensors } from '@weightmap/core';
import { availableEngines, startEngine } from '@weightmap/test-utils';
import { crossEntropy } from '@weightmap/training';
import { describe, expect, it } from 'vitest';
import { createDefense, type DefenseId } from '../src/index.js';
import { builtFor, few, rows, tinyImages, tinyModel, tinySpec } from './_tiny.js';

// The other files of this package run on the cpu engine, which is the fastest for their few pixels.
const engines = await availableEngines();

/** The loss of a defence's objective in one step, and the gradients of all that is trained. */
async function stepOn(engine: (typeof engines)[number], id: DefenseId) {
  await startEngine({ engine });
  const { defense, options } = createDefense(id, few[id]);
  const teachers = (defense.teachers?.(options) ?? []).map((_, i) => tinyModel(20 + i));
  const { model } = builtFor({ defense, options }, tinyModel);
  const objective = defense.objective!({
    ...{ options, spec: tinySpec, seed: 1, model },
    teachers: teachers.map((teacher) => asClassifier(teacher)),
  })!;
  const step = { shape: [6, 8, 8, 1], epoch: 1, step: 0, steps: 1 } as const;
  const read = tf.tidy(() => {
    const batch = tensorsOf(tinyImages(6, 9));
    const net = {
      frozen: asClassifier(model),
      crossEntropy,
      logits: (x: tf.Tensor4D) => model.apply(x, { training: true }) as tf.Tensor2D,
    };
    const drawn = Object.entries(objective.draws ?? {}).flatMap(([name, draw]) => {
      const value = draw(step, randomStream(1, name));
      return value === undefined ? [] : [[name, typeof value === 'number' ? tf.scalar(value) : value]];
    });
    let inputs = Object.fromEntries(drawn) as NamedTensors;
    inputs = { ...inputs, ...objective.prepare?.(net, batch, inputs) };
    const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const trained = [...weights, ...(objective.auxiliary ?? [])];
    const { value, grads } = tf.variableGrads(() => objective.loss(net, batch, inputs), trained);
    return { loss: value.dataSync()[0], slopes: trained.flatMap(({ name }) => [...grads[name].dataSync()]) };
  });
  tf.dispose([...(objective.auxiliary ?? [])]);
  for (const made of [model, ...teachers]) made.dispose();
  return read;
}

describe.runIf(engines.includes('native') && engines.includes('wasm'))('the wasm engine', () => {
  const withObjective = (Object.keys(rows) as DefenseId[]).filter((id) => 'objective' in rows[id]);

  it.each(withObjective)('has the loss and the slopes of the native engine: %s', async (id) => {
    const [native, wasm] = [await stepOn('native', id), await stepOn('wasm', id)];
    expect(Math.abs(wasm.loss / native.loss - 1)).toBeLessThan(1e-5);
    const size = Math.hypot(...native.slopes);
    expect(Math.hypot(...wasm.slopes.map((value, i) => value - native.slopes[i])) / size).toBeLessThan(1e-3);
  });
});
