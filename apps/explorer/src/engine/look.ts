import * as tf from '@tensorflow/tfjs';
import { randomStream, WeightmapError, wilsonInterval, type Attack, type Classifier } from '@weightmap/core';
import { gradCam, mapGeometry, mapOnImage } from '@weightmap/metrics';
import { offeredAttacks } from './offered-attacks.js';
import type { OpenNetwork } from './open-network.js';
import type { Aim, AttemptRequest, CurvePoint, CurveRequest, Look, LookRequest } from './protocol.js';

/**
 * Attacks an image, and classifies and explains the result. Equal requests give equal results; no tensor leaks.
 *
 * @throws WeightmapError if the attack is unknown, or the image does not fit the network.
 */
export function look(
  { model, classifier, gradCamLayer: layer }: OpenNetwork,
  { strength, ...aim }: Omit<LookRequest, 'network'>,
): Look {
  const begun = performance.now();
  const { images, clean, answers } = asked(classifier, aim);
  const [attacked] =
    strength === 0 ? [images] : perturbed(classifier, images, clean, { ...aim, strengths: [strength] });
  try {
    const probabilities = attacked === images ? clean : probabilitiesOf(classifier, attacked);
    const { heatmaps } = gradCam(model, attacked, { layer });
    const [height, width] = classifier.inputShape;
    const seen = attacked.dataSync<'float32'>();
    tf.dispose([images, attacked]);
    const predicted = largestOf(probabilities);
    return {
      attacked: seen,
      probabilities,
      cleanPredicted: largestOf(clean),
      heat: mapOnImage(heatmaps, mapGeometry(model, layer), { height, width }),
      predicted,
      abstains: predicted >= answers,
      heatShape: [height, width],
      tensors: tf.memory().numTensors,
      milliseconds: performance.now() - begun,
    };
  } finally {
    tf.dispose([images, attacked]);
  }
}

/**
 * Whether an attack succeeds at each of some strengths: whether the prediction is the target or, without one, another class of the
 * data than the true one. Each strength has the same random numbers, so that `look` gives the same image. No tensor leaks.
 *
 * @throws WeightmapError as `look` does.
 */
export function attempt(
  { classifier }: OpenNetwork,
  { strengths, ...aim }: Omit<AttemptRequest, 'network'>,
): boolean[] {
  const { images, clean, answers } = asked(classifier, aim);
  try {
    const label = labelOf(aim, clean, answers);
    const attacked = perturbed(classifier, images, clean, { ...aim, strengths });
    const predicted = attacked.map((one) => largestOf(probabilitiesOf(classifier, one)));
    tf.dispose(attacked);
    return predicted.map((guess) =>
      aim.target === null ? guess !== label && guess < answers : guess === aim.target,
    );
  } finally {
    images.dispose();
  }
}

/**
 * Attacks a few images of a set, as `robustnessCurve` of the benchmark does with batches of their number, and adds the
 * misclassified ones to the points of a curve. Images whose label is the target are left out. No tensor leaks.
 *
 * @throws WeightmapError as `look` does.
 */
export function addToCurve(
  { classifier }: OpenNetwork,
  { pixels, labels, start, attack, target, seed, points }: Omit<CurveRequest, 'network'>,
): CurvePoint[] {
  const size = pixels.length / labels.length;
  const kept = [...labels.keys()].filter((i) => labels[i] !== target);
  if (kept.length === 0) return [...points];
  const images = tf.tidy(() =>
    tf.stack(
      kept.map((i) => tf.tensor3d(pixels.subarray(i * size, (i + 1) * size), [...classifier.inputShape])),
    ),
  ) as tf.Tensor4D;
  const truth = tf.tensor1d(
    kept.map((i) => labels[i]),
    'int32',
  );
  const targets = target === null ? undefined : tf.fill([kept.length], target, 'int32');
  try {
    const outcomes = attackNamed(attack).run(classifier, images, truth, {
      strengths: points.map(({ strength }) => strength),
      random: randomStream(seed, attack, start),
      ...(targets && { targets: targets as tf.Tensor1D }),
    });
    tf.dispose(outcomes.map(({ adversarial }) => adversarial));
    return points.map(({ strength, ...before }, i) => {
      const count = before.count + kept.length;
      const wrong = before.wrong + outcomes[i].misclassified.reduce((sum, flag) => sum + flag, 0);
      const [low, high] = wilsonInterval(wrong / count, count);
      return { strength, count, wrong, interval: [100 * low, 100 * high] };
    });
  } finally {
    tf.dispose([images, truth, ...(targets ? [targets] : [])]);
  }
}

/** The image as a tensor, the caller's, with the network's answer to it. */
function asked(classifier: Classifier, { pixels }: Pick<Aim, 'pixels'>) {
  const images = tf.tensor4d(pixels, [1, ...classifier.inputShape]);
  const { answers = classifier.classes } = classifier;
  return { images, answers, clean: probabilitiesOf(classifier, images) };
}

/** The class to lead away from: an attack needs one of the data. */
const labelOf = ({ label }: Pick<Aim, 'label'>, clean: Float32Array, answers: number): number =>
  label ?? largestOf(clean.subarray(0, answers));

/** The attacked images, one for each strength: the caller's. An image of the target's class is left as it is. */
function perturbed(
  classifier: Classifier,
  images: tf.Tensor4D,
  clean: Float32Array,
  { attack, seed, target, strengths, ...aim }: Omit<AttemptRequest, 'network'>,
): tf.Tensor4D[] {
  const method = attackNamed(attack);
  const label = labelOf(aim, clean, classifier.answers ?? classifier.classes);
  if (label === target) return strengths.map(() => images.clone());
  const labels = tf.tensor1d([label], 'int32');
  const targets = target === null ? undefined : tf.tensor1d([target], 'int32');
  const random = randomStream(seed, 'explorer');
  try {
    const options = { strengths, random, ...(targets && { targets }) };
    return method.run(classifier, images, labels, options).map(({ adversarial }) => adversarial);
  } finally {
    tf.dispose([labels, ...(targets ? [targets] : [])]);
  }
}

/** @throws WeightmapError if the page has no such attack. */
function attackNamed(id: string): Attack {
  const attack = offeredAttacks.get(id);
  if (!attack)
    throw new WeightmapError(`Unknown attack: “${id}”.`, {
      expected: [...offeredAttacks.keys()].join(', '),
    });
  return attack;
}

const probabilitiesOf = (classifier: Classifier, images: tf.Tensor4D): Float32Array =>
  tf.tidy(() => classifier.logits(images).softmax().dataSync<'float32'>());

const largestOf = (values: Float32Array): number => values.indexOf(Math.max(...values));
