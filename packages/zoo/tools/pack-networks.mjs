/**
 * Makes `networks/` and `src/cards.json` of the first trials of a finished run.
 *
 *   node tools/pack-networks.mjs <run folder> <published results> <variant> …
 *
 * The weights become 16-bit floats in tfjs's own quantised form; their error is measured anew on the clean test images.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { findVariant } from '@weightmap/architectures';
import { loadDataset } from '@weightmap/datasets';
import { startEngine } from '@weightmap/engine';
import { readAttackedRun, readRecords } from '@weightmap/records';
import { loadModel } from '@weightmap/training';
import '@weightmap/wm-layers';
import { float16Bits } from './_float16.mjs';

const root = path.resolve(import.meta.dirname, '..');
const largestPackage = 16e6;

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** [height, width, 1] of the image whose logits are on the card. */
const probe = ([height, width, channels]) =>
  tf.tidy(() =>
    tf.tensor4d(
      Float32Array.from({ length: height * width * channels }, (_, i) => {
        const place = Math.floor(i / channels);
        return ((7 * Math.floor(place / width) + 3 * (place % width)) % 11) / 10;
      }),
      [1, height, width, channels],
    ),
  );

/** The class of every test image. */
function answers(model, { spec, pixels, labels }) {
  const size = spec.height * spec.width * spec.channels;
  const found = new Int32Array(labels.length);
  for (let start = 0; start < labels.length; start += 500) {
    const end = Math.min(start + 500, labels.length);
    const classes = tf.tidy(() => {
      const bytes = Float32Array.from(pixels.subarray(start * size, end * size));
      const images = tf.tensor4d(bytes, [end - start, spec.height, spec.width, spec.channels]).div(255);
      return model.predict(images).argMax(-1).dataSync();
    });
    found.set(classes, start);
  }
  return found;
}

/** The files of a network with its weights rounded to 16-bit floats, and the model with these weights. */
async function rounded(model) {
  const weights = model.weights.map((weight) => ({
    bits: Uint16Array.from(weight.read().dataSync(), float16Bits),
    spec: {
      name: weight.originalName,
      shape: weight.shape,
      dtype: 'float32',
      quantization: { dtype: 'float16' },
    },
  }));
  const bytes = Buffer.concat(weights.map(({ bits }) => Buffer.from(bits.buffer)));
  const weightSpecs = weights.map(({ spec }) => spec);
  let modelTopology;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      ({ modelTopology } = artifacts);
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
    }),
  );
  const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
  const json = Buffer.from(JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest }));
  const weightData = Uint8Array.from(bytes).buffer;
  return {
    files: { 'model.json': json, 'weights.bin': bytes },
    model: await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData })),
  };
}

async function cardOf({ record, attacked, test, exact, model, files }) {
  const { cell, fgsm, noise } = record;
  const { label } = findVariant(cell.variant);
  const { dataset, training } = cell;
  const found = answers(model, test);
  const before = answers(exact, test);
  const wrong = found.reduce((sum, one, i) => sum + (one === test.labels[i] ? 0 : 1), 0);
  const wrongBefore = before.reduce((sum, one, i) => sum + (one === test.labels[i] ? 0 : 1), 0);
  const percent = (count) => Number(((100 * count) / found.length).toFixed(4));
  if (Math.abs(percent(wrongBefore) - record.testErrorPercent) > 1e-9)
    throw new Error(
      `${cell.variant}: these weights have ${percent(wrongBefore)} % errors, the record ${record.testErrorPercent} %`,
    );
  const { spec } = test;
  const imageShape = [spec.height, spec.width, spec.channels];
  const probeLogits = tf.tidy(() => Array.from(model.predict(probe(imageShape)).dataSync()));
  const errors = (points, strength) =>
    points.map((point) => ({ strength: point[strength], errorPercent: point.errorPercent }));
  const worse = ({ strength, accuracyPercent }) => ({
    strength,
    errorPercent: Number((100 - accuracyPercent).toFixed(4)),
  });
  return {
    id: cell.variant,
    label,
    dataset: {
      id: dataset.id,
      label: dataset.label,
      train: dataset.train,
      validation: dataset.validation,
      test: dataset.test,
      checksum: dataset.checksum,
    },
    imageShape,
    classes: spec.classes,
    parameters: record.parameters,
    training: {
      epochs: record.epochs,
      selectedEpoch: record.selectedEpoch,
      batchSize: training.batchSize,
      learningRate: training.learningRate,
      augmentation: training.augmentation,
      seed: record.seed,
    },
    testErrorPercent: record.testErrorPercent,
    uniformNoise: errors(noise, 'beta'),
    fgsm: errors(fgsm, 'epsilon'),
    attacks: attacked
      ? {
          images: attacked.images,
          tried: attacked.attacks.map(({ id, norm, points }) => ({ id, norm, points: points.map(worse) })),
          worst: attacked.worst.map((point) => ({ norm: point.norm, ...worse(point) })),
        }
      : null,
    float16: {
      testErrorPercent: percent(wrong),
      changedAnswers: found.reduce((sum, one, i) => sum + (one === before[i] ? 0 : 1), 0),
    },
    probeLogits,
    record: { cellId: record.cellId, trial: record.trial, commit: record.provenance.git.sha },
    files: Object.fromEntries(
      Object.entries(files).map(([name, bytes]) => [name, { bytes: bytes.length, sha256: sha256(bytes) }]),
    ),
  };
}

const [runFolder, published, ...ids] = process.argv.slice(2);
if (ids.length === 0) {
  console.error('usage: node tools/pack-networks.mjs <run folder> <published results> <variant> …');
  process.exit(2);
}
await startEngine();
const { records } = await readRecords(published);
const attackedRun = await readAttackedRun(published);
const { test, checksum } = await loadDataset('mnist', { seed: 1, offline: true });
const packed = [];
for (const id of ids) {
  const record = records
    .map(({ record }) => record)
    .find(({ variant, dataset, trial }) => variant === id && dataset === 'mnist' && trial === 1);
  if (!record) throw new Error(`${published} has no record of trial 1 of ${id} on MNIST`);
  if (record.cell.dataset.checksum !== checksum) throw new Error(`${id} was trained on other data`);
  const exact = await loadModel(path.join(runFolder, 'cells', 'mnist', id, 'trial-1', 'weights'));
  const { model, files } = await rounded(exact);
  const attacked = attackedRun?.cells.find(({ cellId }) => cellId === record.cellId);
  packed.push({ card: await cardOf({ record, attacked, test, exact, model, files }), files });
  console.log(id, packed.at(-1).card.testErrorPercent, packed.at(-1).card.float16);
  exact.dispose();
  model.dispose();
}
const total = packed
  .flatMap(({ files }) => Object.values(files))
  .reduce((sum, { length }) => sum + length, 0);
if (total > largestPackage)
  throw new Error(`${total} bytes are more than ${largestPackage}: name fewer networks`);
rmSync(path.join(root, 'networks'), { recursive: true, force: true });
for (const { card, files } of packed) {
  const folder = path.join(root, 'networks', card.id);
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(path.join(folder, name), bytes);
}
const cards = Object.fromEntries(packed.map(({ card }) => [card.id, card]));
writeFileSync(path.join(root, 'src', 'cards.json'), `${JSON.stringify(cards, null, 1)}\n`);
console.log(`${packed.length} networks, ${(total / 1e6).toFixed(1)} MB`);
