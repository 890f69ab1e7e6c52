import { asClassifier } from '@weightmap/core';
import { datasets } from '@weightmap/datasets';
import { startEngine } from '@weightmap/engine';
import { train } from '@weightmap/training';
import { testError, robustnessCurve } from '@weightmap/metrics';
import { fgsm, uniformNoise } from '@weightmap/attacks';
import { createRequire } from 'node:module';
const { buildVariant } = await import('../packages/architectures/dist/index.js');
const info = await startEngine();
console.log(info);
const data = await datasets.mnist.load({ seed: 1 });
for (const id of process.argv.slice(2)) {
  const model = buildVariant(id, { spec: data.spec, seed: 1 });
  let last = 0;
  const r = await train(
    model,
    data,
    { epochs: 4, batchSize: 64, learningRate: 1e-3, augmentation: 'pad-crop', selection: 'last' },
    {
      seed: 1,
      onEpoch: (e) =>
        console.log(
          id,
          e.epoch,
          e.trainLoss.toFixed(4),
          e.validationErrorPercent.toFixed(2),
          e.seconds.toFixed(1),
        ),
    },
  );
  const t = Date.now();
  console.log(id, 'TEST', testError(asClassifier(model), data.test), (Date.now() - t) / 1000);
  const t2 = Date.now();
  console.log(
    JSON.stringify(await robustnessCurve(asClassifier(model), data.test, fgsm(), [0.1, 0.2], { seed: 1 })),
    (Date.now() - t2) / 1000,
  );
  const t3 = Date.now();
  console.log(
    JSON.stringify(
      await robustnessCurve(asClassifier(model), data.test, uniformNoise(), [0.5, 1], { seed: 1 }),
    ),
    (Date.now() - t3) / 1000,
  );
}
