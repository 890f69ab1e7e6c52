// Networks with layers that a defence inserts, and with a class that abstains, as the page opens them.
import * as tf from '@tensorflow/tfjs';
import type { StoredNetwork } from '@weightmap/core';
import { createDefense } from '@weightmap/defenses';
import { expectNoLeak, tinySpec, useEngine } from '@weightmap/test-utils';
import { expect, it } from 'vitest';
import { look } from '../src/engine/look.js';
import { openNetwork } from '../src/engine/open-network.js';

useEngine('cpu');

/** A model of four outputs: three classes, and one that abstains, which always wins. */
const plain = () => {
  const initial = tf.initializers.glorotUniform({ seed: 1 });
  const bias = tf.initializers.zeros();
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        ...{ inputShape: [8, 8, 1], filters: 2, kernelSize: 3, name: 'conv' },
        ...{ kernelInitializer: initial, biasInitializer: bias },
      }),
      tf.layers.flatten(),
      tf.layers.dense({ name: 'logits', units: 4, kernelInitializer: initial, biasInitializer: bias }),
    ],
  });
  const [kernel] = model.getLayer('logits').getWeights();
  tf.tidy(() => model.getLayer('logits').setWeights([kernel, tf.tensor1d([0, 0, 0, 50])]));
  return model;
};

async function stored(model: tf.LayersModel): Promise<StoredNetwork> {
  let artifacts: tf.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler((given) => {
      artifacts = given;
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
    }),
  );
  const weights = Buffer.from(artifacts.weightData as ArrayBuffer).toString('base64');
  return { modelTopology: artifacts.modelTopology as object, weightSpecs: artifacts.weightSpecs!, weights };
}

it('has the layers of its defence, and says that it abstains', () =>
  expectNoLeak(async () => {
    const { defense, options } = createDefense('hypernetwork');
    const model = defense.build!(plain, { spec: tinySpec, options, seed: 1 });
    const network = await openNetwork({ stored: await stored(model), gradCamLayer: 'conv', answers: 3 });
    expect(network.model.layers.map((layer) => layer.getClassName())).toContain('StatisticalFilter');
    const pixels = new Float32Array(64).fill(0.5);
    const wish = { pixels, label: null, target: null, attack: 'fgsm', strength: 0.1, seed: 1 };
    const { abstains, predicted, probabilities } = look(network, wish);
    expect([abstains, predicted, probabilities.length]).toEqual([true, 3, 4]);
    network.model.dispose();
    model.dispose();
  }));
