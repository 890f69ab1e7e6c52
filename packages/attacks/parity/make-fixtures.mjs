import { Buffer } from 'node:buffer';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { asClassifier, predictClasses } from '@weightmap/core';
// Neighbours that this package doesn't depend on: the target builds them first.
import { proceduralDigits } from '../../datasets/dist/index.js';

const SEED = 1;
const BATCH = 64;

/** Networks as both sides build them: convolutions without padding, `flatten` row by row, channels last. */
const NETWORKS = {
  linear: { side: 14, images: 200, epochs: 10, layers: [{ dense: 10 }] },
  cnn: { side: 14, images: 200, epochs: 5, layers: [{ conv: 8 }, { conv: 8 }, { dense: 10 }] },
  // The `cnn-33` of the benchmarks, to measure the speed on.
  'cnn-33': {
    side: 28,
    images: 64,
    epochs: 1,
    layers: [{ conv: 33 }, { conv: 33 }, { conv: 8 }, { dense: 64, activation: 'relu' }, { dense: 10 }],
  },
};

/**
 * Trains the networks on drawn digits, with equal results for equal seeds on one engine, and writes for each of them
 * `<name>.bin` (float32: kernel and bias of each layer, the images, our logits) and its description, `<name>.json`.
 *
 * @returns by name: { classifier, images [n, side, side, 1], labels [n] }, images that the network takes for what they are.
 */
export async function makeFixtures(folder) {
  await mkdir(folder, { recursive: true });
  const { train, test } = await proceduralDigits({ train: 2000, test: 800 }).load({ seed: SEED });
  const made = {};
  for (const [name, { side, images: count, epochs, layers }] of Object.entries(NETWORKS)) {
    const model = build(side, layers);
    const [x, y] = tensors(train, side);
    model.compile({
      optimizer: tf.train.adam(2e-3),
      loss: (labels, logits) => tf.losses.softmaxCrossEntropy(labels, logits),
    });
    await model.fit(x, tf.oneHot(y, 10), { epochs, batchSize: BATCH, shuffle: false, verbose: 0 });
    const classifier = asClassifier(model);
    const [all, truth] = tensors(test, side);
    const predicted = predictClasses(classifier, all);
    const right = [...truth.dataSync().keys()].filter((i) => predicted[i] === truth.dataSync()[i]);
    const chosen = tf.tensor1d(right.slice(0, count), 'int32');
    const [images, labels] = [tf.gather(all, chosen), tf.gather(truth, chosen)];
    const weights = model.getWeights();
    const description = {
      ...{ layers, shapes: weights.map(({ shape }) => shape), images: images.shape },
      labels: [...labels.dataSync()],
      accuracy: right.length / predicted.length,
    };
    const parts = [...weights, images, classifier.logits(images)].map((part) => part.dataSync());
    await writeFile(join(folder, `${name}.bin`), Buffer.concat(parts.map(bytesOf)));
    await writeFile(join(folder, `${name}.json`), JSON.stringify(description));
    made[name] = { classifier, images, labels, accuracy: description.accuracy };
  }
  return made;
}

function build(side, layers) {
  const seeded = (seed) => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential();
  model.add(tf.layers.inputLayer({ inputShape: [side, side, 1] }));
  let flat = false;
  layers.forEach(({ conv, dense, activation = 'linear' }, i) => {
    const kernelInitializer = seeded(SEED + i);
    if (conv) {
      model.add(tf.layers.conv2d({ filters: conv, kernelSize: 3, activation: 'relu', kernelInitializer }));
      return;
    }
    if (!flat) model.add(tf.layers.flatten());
    flat = true;
    model.add(tf.layers.dense({ units: dense, activation, kernelInitializer }));
  });
  return model;
}

/** Images [n, side, side, 1] in 0…1, averaged down, and labels [n]. */
function tensors({ spec, pixels, labels }, side) {
  const whole = tf.tensor4d(Float32Array.from(pixels), [labels.length, spec.height, spec.width, 1]).div(255);
  const factor = spec.height / side;
  const images = factor > 1 ? tf.avgPool(whole, factor, factor, 'valid') : whole;
  return [images, tf.tensor1d(Int32Array.from(labels), 'int32')];
}

export const bytesOf = ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength);
