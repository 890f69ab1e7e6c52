/**
 * `nx run attacks:parity`: our attacks beside those of Foolbox, torchattacks and ART, on the same weights and images.
 * Prints what it finds and writes docs/attacks-parity.md. Ends with 1 if an attack without random numbers differs.
 *
 * WEIGHTMAP_PARITY_VENV: a virtual environment to use, and to install into what it lacks.
 * PIP_EXTRA_INDEX_URL: pip's own; PyTorch's index of builds for processors alone, for a smaller installation.
 * WEIGHTMAP_PARITY_ONLY: a peer such as foolbox.LinfPGD: its figures alone, printed and not written.
 * WEIGHTMAP_PARITY_THREADS: threads of each side, 1 by default.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { format, resolveConfig } from 'prettier';
import { predictClasses, randomStream } from '@weightmap/core';
import { compiledClassifier, startEngine } from '../../engine/dist/index.js';
import { EXACT, STATISTICAL, TIMED } from './cases.mjs';
import { makeFixtures } from './make-fixtures.mjs';
import { preparePython, startPeers } from './python.mjs';
import { report } from './report.mjs';

const TOLERANCE = 1e-4;
/** A gradient's component of less than this share of the largest has no sign that float32 could be sure of. */
const FLAT = 1e-5;
/** How far rounding may move what the ReLUs get, in units of pixels, and how often that is tried. */
const ROUNDING = 1e-6;
const DRAWS = 4;
const TURNS = 7;

/** By norm, of changes' sizes. */
const LENGTHS = {
  linf: (sizes) => sizes.max([1, 2, 3]),
  l2: (sizes) => sizes.square().sum([1, 2, 3]).sqrt(),
  l1: (sizes) => sizes.sum([1, 2, 3]),
  l0: (sizes) => sizes.max(3).greater(0).cast('float32').sum([1, 2]),
};

const root = fileURLToPath(new URL('../../..', import.meta.url));
const cache = join(root, 'node_modules/.cache');
const threads = Number(process.env.WEIGHTMAP_PARITY_THREADS ?? 1);

const engine = await startEngine({ threads });
const folder = join(cache, 'weightmap-parity-fixtures');
const fixtures = await makeFixtures(folder);
const python = preparePython(process.env.WEIGHTMAP_PARITY_VENV ?? join(cache, 'weightmap-parity'));
const peers = await startPeers(python, folder, threads);
if (peers.hello.error)
  throw new Error(`Nothing was compared: ${peers.hello.error}. Is there a Python 3 with PyTorch?`);

/** A part of the rows, to look at: nothing is written then. */
const only = process.env.WEIGHTMAP_PARITY_ONLY;
const chosen = (cases) => cases.filter(({ peer }) => only === undefined || peer === only);
const exact = [];
const statistical = [];
for (const network of ['linear', 'cnn']) {
  for (const one of chosen(EXACT)) exact.push(await compare(one, network, differences));
  for (const one of chosen(STATISTICAL)) statistical.push(await compare(one, network, statistics));
}
if (only !== undefined) {
  console.log(JSON.stringify([...exact, ...statistical], null, 1));
  peers.end();
  process.exit();
}
const speed = await time();
peers.end();

const file = join(root, 'docs/attacks-parity.md');
const text = await format(
  report({
    exact,
    statistical,
    speed,
    engine,
    threads,
    fixtures,
    hello: peers.hello,
    TOLERANCE,
    FLAT,
    ROUNDING,
  }),
  { ...(await resolveConfig(file)), filepath: file },
);
console.log(text);
await writeFile(file, text);
const unlike = Object.values(peers.hello.logits).some((difference) => difference > 1e-5);
if (unlike || exact.some(({ different }) => different > 0)) process.exitCode = 1;

/** Both sides' adversarial images, and what `measure` makes of them, with one seed after the other. */
async function compare(one, network, measure) {
  const { peer, epsilon, radius = epsilon, options = {}, seeds = 1, softmax = false, alone = false } = one;
  const fixture = partOf(fixtures[network], one);
  const attack = fixture.starts ? one.ours(fixture.starts) : one.ours;
  const { targets } = fixture;
  const about = {
    ...{ ...one, network, ours: attack, label: one.label ?? attack.label },
    count: fixture.labels.size * seeds,
  };
  console.error(`${about.label} and ${peer}, ${network}`);
  const pairs = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const answer = await peers.ask({
      ...{ network, peer, epsilon: radius, options, seed, softmax, alone, count: fixture.labels.size },
      ...(fixture.nearest && { starts: fixture.nearest }),
      ...(targets && { targets: [...targets.dataSync()] }),
    });
    if (answer.error) return { ...about, missing: answer.error };
    const { buffer, byteOffset, byteLength } = await readFile(answer.file);
    const values = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
    pairs.push({ ...ours(about, fixture, seed), theirs: tf.tensor4d(values, fixture.images.shape) });
  }
  return { ...about, ...measure(about, fixture, pairs) };
}

/** What a case takes of a fixture: its images, where both sides begin and what they aim at. */
function partOf({ classifier, images: all, labels: truth }, { count = truth.size, fromOthers, aimed }) {
  const [images, labels] = [all.slice(0, count), truth.slice(0, count)];
  const part = { classifier, images, labels };
  if (aimed) part.targets = labels.add(1).mod(classifier.classes).cast('int32');
  if (!fromOthers) return part;
  const others = labels.expandDims(1).notEqual(truth.expandDims(0));
  const apart = images.expandDims(1).sub(all.expandDims(0)).square().sum([2, 3, 4]);
  const nearest = tf.where(others, apart, tf.fill(apart.shape, 1e9)).argMin(1);
  return { ...part, starts: all, nearest: [...nearest.dataSync()] };
}

/** @returns our adversarial images, and where the classifier was asked on the way to them. */
function ours({ ours: attack, epsilon, steps }, { classifier, images, labels, targets }, seed) {
  const seen = [];
  const watched = {
    ...classifier,
    logits: (asked) => {
      if (steps !== undefined) seen.push(asked.dataSync().slice());
      return classifier.logits(asked);
    },
  };
  const options = { random: randomStream(seed, 'parity', attack.id), ...(targets && { targets }) };
  if (epsilon === null)
    return { mine: attack.minimize(watched, images, labels, options).adversarial, path: [] };
  const [{ adversarial }] = attack.run(watched, images, labels, { ...options, strengths: [epsilon] });
  if (steps === undefined) return { mine: adversarial, path: [images] };
  // A gradient at each step, a look at the end, the harness's judgement.
  if (seen.length !== steps + 2)
    throw new Error(`${attack.id} asked ${seen.length} times, expected ${steps + 2}`);
  const path = seen.slice(0, -1).map((values) => tf.tensor4d(values, images.shape));
  return { mine: path.at(-1), path: path.slice(0, -1) };
}

/** Pixel by pixel, the images with an undecided sign on the way apart from the others. */
function differences({ signs, momentum }, fixture, [{ mine, path, theirs }]) {
  return tf.tidy(() => {
    const largest = mine.sub(theirs).abs().max([1, 2, 3]).dataSync();
    const undecided = signs ? undecidedAlong(path, fixture, momentum) : largest.map(() => 0);
    const sure = largest.filter((_, i) => !undecided[i]);
    return {
      largest: Math.max(...largest),
      sure: Math.max(...sure),
      undecided: largest.length - sure.length,
      excused: largest.filter((apart, i) => undecided[i] && apart > TOLERANCE).length,
      different: sure.filter((apart) => apart > TOLERANCE).length,
    };
  });
}

/**
 * Images in which, at any step, the sign of a component of the direction was for rounding to decide: the component was ≈ 0, or
 * the sign another one a rounding error away, where a ReLU begins. What follows such a step may differ everywhere.
 *
 * @returns [images], 1 or 0
 */
function undecidedAlong(path, { classifier, labels }, momentum) {
  const truth = tf.oneHot(labels, classifier.classes);
  const gradientAt = tf.grad((at) => {
    const logits = classifier.logits(at);
    return logits.logSumExp(1).sub(logits.mul(truth).sum(1)).sum();
  });
  const unit = (gradient) => gradient.div(gradient.abs().sum([1, 2, 3], true).maximum(1e-30));
  let before = tf.zerosLike(path[0]);
  let undecided = tf.zeros([labels.size], 'bool');
  path.forEach((at, step) => {
    const directionAt = (point) => before.mul(momentum ?? 0).add(unit(gradientAt(point)));
    const direction = directionAt(at);
    const size = direction.abs();
    // A component that is exactly 0 on one side is on the other: its pixel has no influence.
    let doubtful = size.greater(0).logicalAnd(size.lessEqual(size.max([1, 2, 3], true).mul(FLAT)));
    for (let draw = 0; draw < DRAWS; draw++) {
      const nearby = at.add(tf.randomUniform(at.shape, -ROUNDING, ROUNDING, 'float32', 100 * step + draw));
      doubtful = doubtful.logicalOr(directionAt(nearby).mul(direction).less(0));
    }
    undecided = undecided.logicalOr(doubtful.any([1, 2, 3]));
    before = direction;
  });
  return undecided.dataSync();
}

/** Share of images that fool our classifier, and the mean length of their changes in the attack's norm. */
function statistics({ ours: { norm } }, { classifier, images, labels, targets }, pairs) {
  const [truth, aims] = [labels.dataSync(), targets?.dataSync()];
  const fooled = (guess, i) => (aims ? guess === aims[i] : guess !== truth[i]);
  const fooling = (adversarial) =>
    tf.tidy(() => {
      const predicted = predictClasses(classifier, adversarial);
      const changes = adversarial.sub(images).abs();
      return [...LENGTHS[norm](changes).dataSync()].filter((_, i) => fooled(predicted[i], i));
    });
  const describe = (side) => {
    const lengths = pairs.flatMap((pair) => fooling(pair[side]));
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    return { rate: (100 * lengths.length) / (pairs.length * truth.length), mean };
  };
  const [we, they] = [describe('mine'), describe('theirs')];
  return { we, they, gap: we.rate - they.rate, ratio: we.mean / they.mean };
}

/** Medians over turns that alternate, after one each that isn't counted. */
async function time() {
  const { classifier, images, labels } = fixtures['cnn-33'];
  const compiled = compiledClassifier(classifier);
  const once = () => {
    const start = performance.now();
    const options = { random: randomStream(1, 'parity'), strengths: [TIMED.epsilon] };
    const [{ adversarial }] = TIMED.ours.run(compiled, images, labels, options);
    adversarial.dispose();
    return performance.now() - start;
  };
  const [we, they] = [[], []];
  for (let turn = 0; turn <= TURNS; turn++) {
    const answer = await peers.ask({ network: 'cnn-33', time: 1, options: TIMED.options });
    if (answer.error) return { missing: answer.error };
    const mine = once();
    if (turn === 0) continue;
    we.push(mine);
    they.push(...answer.ms);
  }
  return { we: median(we), they: median(they), turns: TURNS };
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
