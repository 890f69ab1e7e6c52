import * as tf from '@tensorflow/tfjs';
import { randomStream, WeightmapError, type Classifier } from '@weightmap/core';
import { gradCam, mapGeometry, mapOnImage } from '@weightmap/metrics';
import { offeredAttacks } from './offered-attacks.js';
import type { OpenNetwork } from './open-network.js';
import type { Look, LookRequest } from './protocol.js';

/**
 * Attacks an image, and classifies and explains the result. Equal requests give equal results; no tensor leaks.
 *
 * @throws WeightmapError if the attack is unknown, or the image does not fit the network.
 */
export function look(
  { model, classifier, gradCamLayer: layer }: OpenNetwork,
  { pixels, label, attack, strength, seed }: Omit<LookRequest, 'network'>,
): Look {
  const begun = performance.now();
  const images = tf.tensor4d(pixels, [1, ...classifier.inputShape]);
  const clean = probabilitiesOf(classifier, images);
  const cleanPredicted = largestOf(clean);
  const { answers = classifier.classes } = classifier;
  // An attack needs a class of the data to lead away from.
  const attacked = perturbed(classifier, images, label ?? largestOf(clean.subarray(0, answers)), {
    attack,
    strength,
    seed,
  });
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
      cleanPredicted,
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

/** The attacked images; at strength 0 the images themselves. */
function perturbed(
  classifier: Classifier,
  images: tf.Tensor4D,
  label: number,
  { attack: id, strength, seed }: Pick<LookRequest, 'attack' | 'strength' | 'seed'>,
): tf.Tensor4D {
  if (strength === 0) return images;
  const attack = offeredAttacks.get(id);
  if (!attack)
    throw new WeightmapError(`Unknown attack: “${id}”.`, {
      expected: [...offeredAttacks.keys()].join(', '),
    });
  const labels = tf.tensor1d([label], 'int32');
  const random = randomStream(seed, 'explorer');
  try {
    return attack.run(classifier, images, labels, { strengths: [strength], random })[0].adversarial;
  } finally {
    labels.dispose();
  }
}

const probabilitiesOf = (classifier: Classifier, images: tf.Tensor4D): Float32Array =>
  tf.tidy(() => classifier.logits(images).softmax().dataSync<'float32'>());

const largestOf = (values: Float32Array): number => values.indexOf(Math.max(...values));
