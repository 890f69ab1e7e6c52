/**
 * `nx run attacks:speed`: Square, PGD and AutoAttack on a trained `cnn-33`, in turns with torchattacks on the same weights and
 * images. PyTorch runs eagerly, as one writes it first, and with the channels last; ratios are against the faster form.
 *
 *     node packages/attacks/parity/speed.mjs --python ~/torch/bin/python --rounds 5 --threads 2 square,100,5000 pgd,500,40 aa,100,0
 *
 * A case is an attack, a number of images, and its queries or steps. MNIST is found as by the other commands (WEIGHTMAP_DATA).
 * Processor time is printed beside the time on the clock: on a busy machine it says more.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { asClassifier, predictClasses, randomStream } from '@weightmap/core';
import { buildVariant } from '../../architectures/dist/index.js';
import { mnist } from '../../datasets/dist/index.js';
import { compiledClassifier, startEngine } from '../../engine/dist/index.js';
import { adam, packBatch, trainingStep } from '../../training/dist/index.js';
import { autoAttack, pgd, square } from '../dist/index.js';
import { bytesOf } from './make-fixtures.mjs';

const EPSILON = 0.1;
const SIDE = 28;
const BATCH = 64;
const SPEC = { height: SIDE, width: SIDE, channels: 1, classes: [...'0123456789'] };
const ATTACKS = {
  square: (queries) => square({ queries }),
  pgd: (steps) => pgd({ steps, stepSize: 0.01 }),
  aa: () => autoAttack(),
};

const rounded = (value) => Number(value.toPrecision(4));

const here = fileURLToPath(import.meta.url);

/** Trains for one epoch, and writes weights, correctly classified test images and labels. */
async function makeNetwork(folder) {
  const { train, test } = await mnist.load({ seed: 1 });
  const model = buildVariant('cnn-33', { spec: SPEC, seed: 1 });
  const step = trainingStep(model, adam(1e-3));
  for (let from = 0; from + BATCH <= train.labels.length; from += BATCH) {
    const [labels, pixels] = [
      train.labels.subarray(from, from + BATCH),
      train.pixels.subarray(from * SIDE ** 2, (from + BATCH) * SIDE ** 2),
    ];
    tf.tidy(() => step(packBatch({ ...train, pixels, labels })).dataSync());
  }
  const images = tf
    .tensor4d(Float32Array.from(test.pixels.subarray(0, 1500 * SIDE ** 2)), [1500, SIDE, SIDE, 1])
    .div(255);
  const predicted = predictClasses(asClassifier(model), images);
  const right = [...predicted.keys()].filter((i) => predicted[i] === test.labels[i]);
  const weights = model.getWeights();
  const parts = [...weights, tf.gather(images, tf.tensor1d(right, 'int32'))].map((part) => part.dataSync());
  await writeFile(join(folder, 'network.bin'), Buffer.concat(parts.map(bytesOf)));
  const about = { shapes: weights.map(({ shape }) => shape), labels: right.map((i) => test.labels[i]) };
  await writeFile(join(folder, 'network.json'), JSON.stringify(about));
}

/** The measuring process: answers each case with its times and the number of images that no attack fooled. */
async function work(folder) {
  const { shapes, labels } = JSON.parse(await readFile(join(folder, 'network.json'), 'utf8'));
  const raw = await readFile(join(folder, 'network.bin'));
  const values = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength));
  let at = 0;
  const take = (shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    at += size;
    return tf.tensor(values.slice(at - size, at), shape);
  };
  const model = buildVariant('cnn-33', { spec: SPEC, seed: 1 });
  model.setWeights(shapes.map(take));
  const images = take([labels.length, SIDE, SIDE, 1]);
  const classifier = compiledClassifier(asClassifier(model));
  const made = {};
  console.log('{}');
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, count, size] = line.split(',');
    const attack = (made[line] ??= ATTACKS[name](Number(size)));
    const [some, truth] = [images.slice([0], [Number(count)]), tf.tensor1d(labels.slice(0, count), 'int32')];
    const [start, before] = [performance.now(), process.cpuUsage()];
    const [outcome] = attack.run(classifier, some, truth, { strengths: [EPSILON], random: randomStream(1) });
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - start) / 1000;
    const robust = outcome.succeeded.filter((success) => !success).length;
    console.log(JSON.stringify({ seconds, processor: (user + system) / 1e6, robust, ...outcome.cost }));
    tf.dispose([some, truth, outcome.adversarial]);
  }
}

/** Starts a measuring process, and waits until it is ready. */
async function start(command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} ended`);
    return JSON.parse(value);
  };
  await read();
  return {
    ask: (line) => {
      child.stdin.write(`${line}\n`);
      return read();
    },
    end: () => child.kill(),
  };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

async function compare({ python, rounds, threads }, cases) {
  const folder = await mkdtemp(join(tmpdir(), 'weightmap-speed-'));
  const peers = {};
  try {
    await makeNetwork(folder);
    peers.ours = await start(process.execPath, [here, '--work', folder, '--threads', threads]);
    const script = fileURLToPath(new URL('speed.py', import.meta.url));
    for (const form of ['eager', 'channels-last'])
      peers[form] = await start(python, [script, folder, threads, form]);
    for (const line of cases) {
      const runs = {};
      for (let round = 0; round < rounds; round++)
        for (const [name, { ask }] of Object.entries(peers)) (runs[name] ??= []).push(await ask(line));
      const of = (key) =>
        Object.fromEntries(
          Object.keys(peers).map((name) => [name, rounded(median(runs[name].map((run) => run[key])))]),
        );
      const ratio = ({ ours, ...others }) => rounded(ours / Math.min(...Object.values(others)));
      const [robust, seconds, processor] = ['robust', 'seconds', 'processor'].map(of);
      const ratios = { ratio: ratio(seconds), processorRatio: ratio(processor) };
      const { forwards, backwards } = runs.ours[0];
      console.log(JSON.stringify({ case: line, robust, forwards, backwards, seconds, processor, ...ratios }));
    }
  } finally {
    for (const { end } of Object.values(peers)) end();
    await rm(folder, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: 'string', default: 'python3' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    work: { type: 'string' },
  },
});
await startEngine({ threads: Number(values.threads) });
if (values.work) await work(values.work);
else
  await compare(values, positionals.length > 0 ? positionals : ['square,100,5000', 'pgd,500,40', 'aa,100,0']);
