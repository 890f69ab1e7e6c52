import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { expectNoLeak } from './memory.js';

type LayerClass = tf.serialization.SerializableConstructor<tf.layers.Layer> & {
  fromConfig: (typeof tf.layers.Layer)['fromConfig'];
};

export interface LayerContract<Args> {
  create: (args: Args) => tf.layers.Layer;
  /** Every argument that the layer has, none of them its default. */
  args: Args;
  /** [height, width, channels] */
  inputShape: readonly [number, number, number];
  /** Numbers in its trainable weights. */
  parameters: number;
}

/**
 * What every layer owes its users, as tests; to be called within a `describe` whose engine runs:
 * a configuration that forgets nothing, a symbolic shape that is the real one, weights that are counted,
 * trained and saved, and no tensor left behind.
 */
export function testLayerContract<Args extends object>({
  create,
  args,
  inputShape,
  parameters,
}: LayerContract<Args>): void {
  const images = (): tf.Tensor =>
    tf.tidy(() => tf.linspace(-1, 1, 2 * size(inputShape)).reshape([2, ...inputShape]));

  const build = (layer: tf.layers.Layer): tf.LayersModel => {
    const input = tf.input({ shape: [...inputShape] });
    return tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
  };

  it('survives a round trip through its configuration, every argument included', () => {
    const layer = create(args);
    const config = layer.getConfig();
    expect(config).toMatchObject(args);
    const copy = (layer.constructor as LayerClass).fromConfig(layer.constructor as LayerClass, config);
    expect(copy.getConfig()).toEqual(config);
    expect(copy.getClassName()).toBe(layer.getClassName());
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });

  it('announces the shape that it computes', () => {
    const model = build(create(args));
    const [, ...announced] = model.outputs[0].shape;
    tf.tidy(() => {
      const output = model.predict(images()) as tf.Tensor;
      expect(output.shape).toEqual([2, ...announced]);
    });
    model.dispose();
  });

  it('has the weights that it should have', () => {
    const model = build(create(args));
    expect(model.countParams()).toBe(parameters);
    const trainable = model.trainableWeights.reduce((sum, { shape }) => sum + size(shape as number[]), 0);
    expect(trainable).toBe(parameters);
    model.dispose();
  });

  it('changes every weight in a training step', async () => {
    await expectNoLeak(() => {
      const model = build(create(args));
      const before = model.getWeights().map((weight) => weight.dataSync().slice());
      const optimizer = tf.train.sgd(0.1);
      const x = images();
      optimizer.minimize(() => (model.apply(x, { training: true }) as tf.Tensor).square().mean());
      const after = model.getWeights().map((weight) => weight.dataSync());
      after.forEach((values, i) => expect(values, model.weights[i].name).not.toEqual(before[i]));
      tf.dispose([x]);
      optimizer.dispose();
      model.dispose();
    });
  });

  it('computes the same after being saved and loaded', async () => {
    await expectNoLeak(async () => {
      const model = build(create(args));
      let saved: tf.io.ModelArtifacts | undefined;
      await model.save(
        tf.io.withSaveHandler(async (artifacts) => {
          saved = artifacts;
          return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
        }),
      );
      // As a file would: what isn't JSON doesn't survive.
      const modelTopology = JSON.parse(JSON.stringify(saved!.modelTopology)) as object;
      const loaded = await tf.loadLayersModel(tf.io.fromMemory({ ...saved!, modelTopology }));
      tf.tidy(() => {
        const [expected, actual] = [model, loaded].map((m) => (m.predict(images()) as tf.Tensor).dataSync());
        expect(actual).toEqual(expected);
      });
      model.dispose();
      loaded.dispose();
    });
  });

  it('leaves no tensor behind', async () => {
    const model = build(create(args));
    const x = images();
    await expectNoLeak(() => {
      (model.predict(x) as tf.Tensor).dispose();
      const { value, grads } = tf.variableGrads(() =>
        (model.apply(x) as tf.Tensor).square().sum<tf.Scalar>(),
      );
      tf.dispose([value, grads]);
      tf.grad((x) => model.apply(x) as tf.Tensor)(x).dispose();
    });
    x.dispose();
    model.dispose();
  });
}

const size = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);
