import * as tf from '@tensorflow/tfjs';
import type { Attack, Objective } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { adam } from '../src/_adam-state.js';
import { packBatch, train, trainingStep } from '../src/index.js';
import { emptyFolder, takeWeights, tinyConfig, tinyData, tinyModel } from './_tiny.js';

useEngine();

const config = { ...tinyConfig, epochs: 3 };

/** Noise on the images, a step of the inner gradient, a schedule, and a variable trained along. */
function busy(): Objective & { dispose(): void } {
  const scale = tf.tidy(() => tf.scalar(0.5).variable());
  return {
    identity: 'busy {"noise":0.1}',
    draws: {
      noise: ({ shape }, random) =>
        tf.tensor4d(random.normals(shape.reduce((a, b) => a * b)), shape as [number, number, number, number]),
      rate: ({ epoch, step, steps }) => (epoch - 1 + step / steps) / 10,
      // Every other step lacks it, so that there are two graphs.
      odd: ({ step }, random) => (step % 2 === 0 ? undefined : random.uniform()),
    },
    prepare: ({ frozen, crossEntropy }, { images, labels }, { noise, rate }) => {
      const gradient = tf.grad((x) => crossEntropy(frozen.logits(x as tf.Tensor4D), labels))(images);
      return { moved: images.add(noise.mul(0.1)).add(gradient.sign().mul(rate)) };
    },
    loss: (net, { labels }, { moved, odd }) => {
      const loss = net.crossEntropy(net.logits(moved as tf.Tensor4D).mul(scale), labels);
      return (odd ? loss.add(scale.square().mul(odd)) : loss).asScalar();
    },
    auxiliary: [scale],
    dispose: () => scale.dispose(),
  };
}

/** Trains with the objective until a step, if one is given, then goes on with another model and another objective. */
async function trained(make: () => Objective & { dispose?(): void }, stopAt?: number) {
  const folder = await emptyFolder();
  const once = async (initial: number, signal?: AbortSignal, onProgress?: (p: { done: number }) => void) => {
    const model = tinyModel(initial);
    const objective = make();
    const options = { seed: 5, checkpointDir: folder, objective, signal, onProgress };
    const { history } = await train(model, tinyData, config, options);
    const auxiliary = objective.auxiliary?.map((variable) => [...variable.dataSync()]);
    objective.dispose?.();
    return { history, auxiliary, weights: takeWeights(model) };
  };
  if (stopAt !== undefined) {
    const controller = new AbortController();
    await once(1, controller.signal, ({ done }) => done === stopAt && controller.abort());
    return once(2);
  }
  return once(1);
}

/** The same for every stop, by how steps are run. */
const uninterrupted = new Map<string, ReturnType<typeof trained>>();

describe('an objective', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('that is the cross-entropy trains as without one, bit for bit', async () => {
    const model = tinyModel();
    await train(model, tinyData, config, { seed: 5 });
    const plain: Objective = {
      identity: 'plain',
      loss: (net, { images, labels }) => net.crossEntropy(net.logits(images), labels),
    };
    expect((await trained(() => plain)).weights).toEqual(takeWeights(model));
  });

  // Within an epoch and after its last step. Recording the compiled steps takes longer than they do: at one of the stops.
  it.each([
    [1, 'eager'],
    [3, 'compiled'],
    [4, 'eager'],
    [6, 'eager'],
    [11, 'eager'],
  ])(
    'goes on after a stop at step %i of 12 with the same draws and auxiliary variables, bit for bit (%s)',
    async (stop, steps) => {
      if (steps === 'eager') vi.stubEnv('WEIGHTMAP_COMPILE', 'off');
      const straight = uninterrupted.get(steps) ?? trained(busy);
      uninterrupted.set(steps, straight);
      const whole = await straight;
      const resumed = await trained(busy, stop);
      expect(resumed).toEqual(whole);
      expect(whole.auxiliary).not.toEqual([[0.5]]);
    },
  );

  it('leaves no tensor behind', () =>
    expectNoLeak(async () => {
      const [model, objective] = [tinyModel(), busy()];
      await train(model, tinyData, { ...config, epochs: 1 }, { seed: 5, objective });
      objective.dispose();
      model.dispose();
    }));

  it('belongs to the identity of a checkpoint', async () => {
    vi.stubEnv('WEIGHTMAP_COMPILE', 'off');
    const objective = (identity: string, scale?: tf.Variable): Objective => ({
      identity,
      loss: (net, { images, labels }) => net.crossEntropy(net.logits(images), labels),
      ...(scale && { auxiliary: [scale] }),
    });
    const folder = await emptyFolder();
    const model = tinyModel();
    const run = (objective?: Objective) =>
      train(model, tinyData, { ...config, epochs: 1 }, { seed: 5, checkpointDir: folder, objective });
    await run(objective('fgsm {"epsilon":0.1}'));
    await run(objective('fgsm {"epsilon":0.1}'));
    await expect(run(objective('fgsm {"epsilon":0.2}'))).rejects.toThrow(/objective fgsm.*0.1.*, now fgsm/);
    await expect(run()).rejects.toThrow(/objective fgsm .*, now none/);
    const scale = tf.variable(tf.scalar(1));
    await expect(run(objective('fgsm {"epsilon":0.1}', scale))).rejects.toThrow(/now fgsm .* \[\]/);
    scale.dispose();
    model.dispose();
  });

  it("may not draw an input that is the batch's", async () => {
    const model = tinyModel();
    const objective = { ...busy(), draws: { labels: () => 1 } };
    await expect(train(model, tinyData, config, { seed: 5, objective })).rejects.toThrow(/named "labels"/);
    objective.dispose();
    model.dispose();
  });

  it('moves the statistics of batch normalisation by its loss alone, not by the inner gradient', () => {
    const [inner, none] = [tinyModel(), tinyModel()];
    const loss: Objective['loss'] = (net, { images, labels }) => net.crossEntropy(net.logits(images), labels);
    const prepare: Objective['prepare'] = ({ frozen, crossEntropy }, { images, labels }) => {
      let moved = images;
      for (let k = 0; k < 3; k++)
        moved = moved.add(
          tf
            .grad((x) => crossEntropy(frozen.logits(x as tf.Tensor4D), labels))(moved)
            .sign(),
        );
      return { moved };
    };
    const batch = packBatch(tinyData.train);
    for (const [model, objective] of [
      [inner, { loss, prepare }],
      [none, { loss }],
    ] as const) {
      const optimizer = adam(0.01);
      const step = trainingStep(model, optimizer, objective);
      step(batch).dispose();
      step.dispose();
      optimizer.dispose();
    }
    tf.dispose(batch);
    expect(inner.weights.map(({ originalName }) => originalName).join()).toContain('moving_mean');
    expect(takeWeights(inner)).toEqual(takeWeights(none));
  });
});

describe('the selection robust', () => {
  /** An attack that fools on `errors[i]` of the 12 images in its i-th run. */
  const scripted = (errors: number[], seeds: number[] = []): Attack => ({
    id: 'scripted',
    label: 'Scripted',
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm: 'linf',
    targeted: false,
    usesGradient: false,
    source: 'this test',
    run(_classifier, images, labels, { random, strengths: [strength] }) {
      seeds.push(random.seed());
      const wrong = errors.shift()!;
      const flags = Uint8Array.from({ length: labels.size }, (_, i) => Number(i < wrong));
      const lengths = new Float32Array(labels.size);
      return [
        {
          strength,
          adversarial: images.clone(),
          succeeded: flags,
          misclassified: flags,
          predicted: new Int32Array(labels.size),
          linf: lengths,
          l2: lengths,
          l1: lengths,
          l0: lengths,
          cost: { forwards: 0, backwards: 0 },
        },
      ];
    },
  });
  const robust = { ...tinyConfig, selection: 'robust', selectionEpsilon: 0.1 } as const;

  it('keeps the epoch with the lowest error under the attack, which gets the same random numbers', () =>
    expectNoLeak(async () => {
      const model = tinyModel();
      const seeds: number[] = [];
      const selectionAttack = scripted([9, 3, 6, 4], seeds);
      const result = await train(model, tinyData, robust, { seed: 5, selectionAttack });
      expect(result.selectedEpoch).toBe(2);
      const errors = result.history.map((epoch) => epoch.validationRobustErrorPercent);
      expect(errors).toEqual([75, 25, 50, 100 / 3]);
      expect(new Set(seeds).size).toBe(1);
      model.dispose();
    }));

  it('needs an attack and its strength, and no other selection takes them', async () => {
    const model = tinyModel();
    const selectionAttack = scripted([]);
    await expect(train(model, tinyData, robust, { seed: 5 })).rejects.toThrow(/lacks its attack/);
    const { selectionEpsilon: _, ...without } = robust;
    await expect(train(model, tinyData, without, { seed: 5, selectionAttack })).rejects.toThrow(/lacks/);
    await expect(train(model, tinyData, tinyConfig, { seed: 5, selectionAttack })).rejects.toThrow(
      /uses no attack/,
    );
    model.dispose();
  });
});
