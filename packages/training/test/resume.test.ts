import * as tf from '@tensorflow/tfjs';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { adam, readAdamState, writeAdamState } from '../src/_adam-state.js';
import { train, type EpochReport } from '../src/index.js';
import { emptyFolder, takeWeights, tinyConfig, tinyData, tinyModel } from './_tiny.js';
import type { TrainingConfig } from '../src/training-config.js';

useEngine();

/** Trains to that epoch with a model of its own, from weights of its own. */
async function trainTo(
  epochs: number,
  checkpointDir: string | undefined,
  initial: number,
  config = tinyConfig,
) {
  const model = tinyModel(initial);
  const reports: EpochReport[] = [];
  const onEpoch = (report: EpochReport) => reports.push(report);
  const result = await train(model, tinyData, { ...config, epochs }, { seed: 5, checkpointDir, onEpoch });
  return { ...result, reports, weights: takeWeights(model) };
}

const whole = new Map<string, ReturnType<typeof trainTo>>();

/** Three epochs without an interruption, trained once for each way to run steps. */
function uninterrupted(steps: 'compiled' | 'eager') {
  const run = whole.get(steps) ?? trainTo(3, undefined, 1);
  whole.set(steps, run);
  return run;
}

describe('resuming', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each<[TrainingConfig['selection'], string]>([
    ['last', 'compiled'],
    ['best', 'eager'],
  ])('ends with the weights of an uninterrupted run, bit for bit (%s, %s)', async (selection, steps) => {
    if (steps === 'eager') vi.stubEnv('WEIGHTMAP_COMPILE', 'off');
    const config = { ...tinyConfig, learningRate: 0.1, selection };
    const whole = await trainTo(6, undefined, 1, config);

    const folder = await emptyFolder();
    await trainTo(2, folder, 1, config);
    await trainTo(3, folder, 2, config); // other initial weights: only the checkpoint's may count
    const resumed = await trainTo(6, folder, 3, config);

    expect(resumed.resumedFromEpoch).toBe(3);
    expect(resumed.history).toEqual(whole.history);
    expect(resumed.selectedEpoch).toBe(whole.selectedEpoch);
    expect(resumed.weights).toEqual(whole.weights);
    expect(resumed.reports.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(resumed.reports.map((report) => report.resumed)).toEqual([true, true, true, false, false, false]);
  });

  /** Trains three epochs of four steps until `onStep` ends it, then goes on with another model: the steps of each part. */
  async function interrupted(
    { checkpointSeconds, signal }: { checkpointSeconds?: number; signal?: AbortSignal },
    onStep: (done: number) => void,
  ) {
    const folder = await emptyFolder();
    const config = { ...tinyConfig, epochs: 3 };
    const steps: number[] = [];
    const options = { seed: 5, checkpointDir: folder, checkpointSeconds };
    const model = tinyModel(1);
    const onProgress = ({ done }: { done: number }) => {
      steps.push(done);
      onStep(done);
    };
    await train(model, tinyData, config, { ...options, signal, onProgress }).catch(() => {});
    model.dispose();
    const other = tinyModel(2); // other initial weights: only the checkpoint's may count
    const result = await train(other, tinyData, config, {
      ...options,
      onProgress: ({ done }) => steps.push(done),
    });
    return { ...result, steps, weights: takeWeights(other) };
  }

  // Recording the compiled steps takes longer than they do: not at each of the stops.
  it.each([
    [1, 'eager'],
    [4, 'compiled'],
    [6, 'compiled'],
    [11, 'eager'],
  ] as const)('goes on with the next step after a stop at step %i of 12 (%s)', async (last, steps) => {
    if (steps === 'eager') vi.stubEnv('WEIGHTMAP_COMPILE', 'off');
    const whole = await uninterrupted(steps);
    const controller = new AbortController();
    const resumed = await interrupted(
      { signal: controller.signal },
      (done) => done === last && controller.abort(),
    );
    expect(resumed.steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(resumed).toMatchObject({ resumedFromEpoch: Math.floor(last / 4), stopped: false });
    expect(resumed.history).toEqual(whole.history);
    expect(resumed.weights).toEqual(whole.weights);
  });

  it('loses no more than `checkpointSeconds` of an epoch that ends without warning', async () => {
    vi.stubEnv('WEIGHTMAP_COMPILE', 'off');
    const whole = await uninterrupted('eager');
    const crash = (done: number) => {
      if (done === 7) throw new Error('crash');
    };
    const resumed = await interrupted({ checkpointSeconds: 0 }, crash);
    expect(resumed.steps).toEqual([1, 2, 3, 4, 5, 6, 7, 7, 8, 9, 10, 11, 12]);
    expect(resumed.history).toEqual(whole.history);
    expect(resumed.weights).toEqual(whole.weights);

    const rarely = await interrupted({ checkpointSeconds: 3600 }, crash);
    expect(rarely.steps).toEqual([1, 2, 3, 4, 5, 6, 7, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(rarely.weights).toEqual(whole.weights);
  });

  it('returns a finished run at once, and trains it further when asked for more epochs', async () => {
    vi.stubEnv('WEIGHTMAP_COMPILE', 'off');
    const folder = await emptyFolder();
    const first = await trainTo(2, folder, 1);
    const model = tinyModel(2);
    let steps = 0;
    const again = await expectNoLeak(() =>
      train(
        model,
        tinyData,
        { ...tinyConfig, epochs: 2 },
        {
          seed: 5,
          checkpointDir: folder,
          onProgress: () => (steps += 1),
        },
      ),
    );
    expect(steps).toBe(0);
    expect(again).toMatchObject({
      history: first.history,
      resumedFromEpoch: 2,
      stopped: false,
      seconds: first.seconds,
    });
    expect(takeWeights(model)).toEqual(first.weights);
    await expect(trainTo(1, folder, 1)).rejects.toThrow(/2 epochs already/);
    expect((await trainTo(3, folder, 1)).history).toHaveLength(3);
  });

  it("restores the state of Adam where tfjs's own setWeights is off by a rounding", async () => {
    const weight = tf.variable(tf.tensor1d([1, -2, 3]));
    const step = (optimizer: tf.AdamOptimizer) =>
      optimizer.minimize(() => weight.square().sum<tf.Scalar>(), false, [weight]);
    const [original, restored, library] = [adam(0.1), adam(0.1), tf.train.adam(0.1, 0.9, 0.999, 1e-8)];
    for (let i = 0; i < 100; i++) step(original);
    const state = readAdamState(original);
    expect(state.iterations).toBe(100);

    writeAdamState(restored, state, [weight]);
    expect(readAdamState(restored)).toEqual(state);
    await library.setWeights(await original.getWeights());
    expect(readAdamState(library).betaPowers).not.toEqual(state.betaPowers);

    const before = weight.clone();
    step(original);
    const expected = weight.dataSync().slice();
    weight.assign(before);
    step(restored);
    expect(weight.dataSync()).toEqual(expected);
    for (const optimizer of [original, restored, library]) optimizer.dispose();
    tf.dispose([weight, before]);
  });
});
