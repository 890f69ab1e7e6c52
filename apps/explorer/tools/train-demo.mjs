/**
 * `nx demo explorer`: trains the three small networks that the page shows where no run has been put beside it, on
 * procedural digits, and writes them with a few test images into public/networks.
 *
 * On the wasm engine, whose arithmetic is the same on every machine: equal code gives equal files.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildCnn } from '@weightmap/architectures';
import { asClassifier, dataScript } from '@weightmap/core';
import { datasets } from '@weightmap/datasets';
import { startEngine } from '@weightmap/engine';
import { testError } from '@weightmap/metrics';
import { train } from '@weightmap/training';

import { quantised } from './_quantised.mjs';
import { shownImages } from './_shown-images.mjs';

const SEED = 1;
const EPOCHS = 6;
const IMAGES_OF_EACH_CLASS = 5;
/** Table 1 of the paper, with fewer channels. */
const channels = [8, 4, 2];
const networks = [
  { id: 'conv', label: 'CNN', kind: 'conv' },
  { id: 'smoothing', label: 'Smoothing weight maps', kind: 'smoothing' },
  { id: 'unsharp', label: 'Unsharp weight maps', kind: 'unsharp' },
];

await startEngine({ engine: 'wasm' });
const data = await datasets.digits.load({ seed: SEED });
const folder = path.resolve(import.meta.dirname, '../public/networks');
await rm(folder, { recursive: true, force: true });
await mkdir(path.join(folder, data.id), { recursive: true });

const shown = [];
for (const { id, label, kind } of networks) {
  const model = buildCnn({
    spec: data.spec,
    options: { kind, channels, kernelSize: 3 },
    seed: SEED,
    name: id,
  });
  const config = {
    epochs: EPOCHS,
    batchSize: 64,
    learningRate: 2e-3,
    augmentation: 'none',
    selection: 'best',
  };
  await train(model, data, config, { seed: SEED });
  const stored = await quantised(model);
  const testErrorPercent = testError(asClassifier(model), data.test);
  const file = `${data.id}/${id}`;
  const script = dataScript(file, stored);
  await writeFile(path.join(folder, `${file}.js`), script);
  shown.push({ id, label, kind, gradCamLayer: `${kind}${channels.length}`, file, testErrorPercent });
  console.log(`${id}: ${testErrorPercent.toFixed(2)} % test error, ${script.length} bytes`);
}

const { height, width, channels: depth, classes } = data.spec;
const showcase = {
  schemaVersion: 1,
  title: 'Demonstration',
  note: `Small networks, ${EPOCHS} epochs on digits that a program draws: they show how the page works and prove nothing. “weightmap explore <run>” shows the networks of a run.`,
  report: null,
  benchmarks: [
    {
      ...{
        id: data.id,
        label: 'Procedural digits',
        height,
        width,
        channels: depth,
        classes,
        networks: shown,
      },
      images: shownImages(data.test, IMAGES_OF_EACH_CLASS),
    },
  ],
};
await writeFile(path.join(folder, 'showcase.js'), dataScript('showcase', showcase));
