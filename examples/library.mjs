import * as tf from '@tensorflow/tfjs';
import { fgsm } from '@weightmap/attacks';
import { asClassifier, firstOf } from '@weightmap/core';
import { datasets } from '@weightmap/datasets';
import { startEngine } from '@weightmap/engine';
import { robustnessCurve, testError } from '@weightmap/metrics';
import { train } from '@weightmap/training';
import { smoothingWeightMap } from '@weightmap/wm-layers';

await startEngine(); // native TensorFlow, else wasm
const data = await datasets.digits.load({ seed: 1 });
const model = tf.sequential({
  layers: [
    smoothingWeightMap({ filters: 8, activation: 'relu', seed: 1, inputShape: [28, 28, 1] }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 10, kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) }),
  ],
});
const config = { epochs: 2, batchSize: 64, learningRate: 3e-3, augmentation: 'none', selection: 'last' };
await train(model, data, config, { seed: 1 });
console.log('test error', testError(asClassifier(model), data.test), '%');
console.log(
  await robustnessCurve(asClassifier(model), firstOf(data.test, 200), fgsm(), [0, 0.1, 0.2], { seed: 1 }),
);
