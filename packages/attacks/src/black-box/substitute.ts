import * as tf from '@tensorflow/tfjs';
import {
  checkedImages,
  type Attack,
  type Classifier,
  type RandomStream,
  type VictimModel,
} from '@weightmap/core';
import { mlp } from './_mlp.js';
import { norms, signOf } from '../harness/_norms.js';
import { watch } from '../harness/_victim.js';
import { judged } from '../harness/evaluate.js';

/** How to train a substitute. */
export interface ImitationOptions {
  /** Number of trainings. The number of images doubles between two of them. */
  rounds?: number;
  /** λ: the distance of a new image from its original in every component, as a share of the bounds' width. */
  lambda?: number;
  /** τ: the number of rounds after which the sign of λ changes. */
  flipEvery?: number;
  /** Epochs of each training. */
  epochs?: number;
  /** Neurons of each hidden layer of the substitute. */
  hidden?: readonly number[];
  /** Learning rate of Adam. */
  learningRate?: number;
  /** Images in a step of the training. */
  batchSize?: number;
}

/** How to train the substitute, and the images to start with. */
export interface SubstituteOptions extends ImitationOptions {
  /**
   * `[count, height, width, channels]`, within the bounds: images to start with, preferably images that the classifier was
   * not trained on. The caller's. By default the first images of the batch, at most 150.
   */
  seeds?: tf.Tensor4D;
}

/** A network trained to give the answers of another. */
export interface Imitation {
  /** The substitute as a classifier, to be attacked. */
  readonly classifier: Classifier;
  /** Images shown to the other network. */
  readonly queries: number;
  /** Frees its weights. */
  dispose(): void;
}

/** Most seeds taken from the batch. */
const SEEDS = 150;

/** Images shown to the victim at a time. */
const ASKED_AT_ONCE = 256;

/** Images with the victim's predicted classes. */
interface Answered {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
}

type Imitated = Pick<VictimModel, 'classes' | 'inputShape' | 'bounds' | 'logits'>;

/**
 * Substitute model, a black box that uses only the classifier's decisions: x′ = clip(x + ε · sign ∇ₓ CE(F(x), y)), FGSM on
 * the attacker's own network F, which was trained to give the classifier's answers O. From seeds S_0, in the rounds
 * ρ = 0, 1, …,
 *
 *     train F on (x, O(x)), x ∈ S_ρ
 *     S_{ρ+1} = S_ρ ∪ { clip(x + λ_ρ · sign ∇ₓ log softmax(F(x))_O(x)) : x ∈ S_ρ },   λ_ρ = λ (−1)^⌊ρ/τ⌋
 *
 * the Jacobian-based augmentation, which adds images where the answers change. 6 rounds, so 150 seeds lead to 4,800 queries;
 * λ = 0.1, τ = 3, 10 epochs a round with Adam, learning rate 1e-3 and batches of 128. F has two hidden layers of 200 neurons
 * with ReLU, and keeps its weights from round to round. It is trained once for all strengths, and again for each run.
 *
 * Note: without `seeds` the attacked images themselves are the seeds; the paper's threat model has held-out seeds, and
 * `weightmap attack` takes them from the validation part. Failure of this attack is weak evidence of robustness, because the
 * gradient is that of another network.
 *
 * Source: Papernot et al., “Practical black-box attacks against machine learning”, arXiv:1602.02697, algorithm 1;
 * optimiser and sizes as in CleverHans.
 *
 * Tested: by its queries, round by round; by its agreement with a linear classifier on other images; by its success compared
 * with FGSM on that classifier itself.
 */
export function substitute({ seeds, ...options }: SubstituteOptions = {}): Attack {
  return judged({
    id: 'substitute',
    label: 'substitute model',
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm: 'linf',
    targeted: false,
    usesGradient: false,
    source: 'Papernot et al., arXiv:1602.02697',
    perturb(victim, batch, { strengths, random }) {
      const { images } = batch;
      const first = seeds ?? images.slice<tf.Tensor4D>(0, Math.min(SEEDS, images.shape[0]));
      const imitation = imitate(victim, first, { ...options, random });
      try {
        const { gradient } = watch(imitation.classifier).victim.gradient({ ...batch, loss: 'ce' });
        const direction = norms.linf.normalize(gradient);
        return strengths.map((ε) => images.add(direction.mul(ε)));
      } finally {
        imitation.dispose();
      }
    },
  });
}

/**
 * Trains a substitute for a classifier, using only its predicted classes.
 *
 * @param seeds `[count, height, width, channels]` within the bounds.
 * @returns the substitute as a classifier, to be attacked with gradients; the caller disposes it.
 * @throws WeightmapError if there are no seeds, their shape is not the classifier's, or a pixel is out of bounds.
 */
export function imitate(
  victim: Imitated,
  seeds: tf.Tensor4D,
  {
    rounds = 6,
    lambda: λ = 0.1,
    flipEvery: τ = 3,
    epochs = 10,
    hidden = [200, 200],
    learningRate = 1e-3,
    batchSize = 128,
    random,
  }: ImitationOptions & { random: RandomStream },
): Imitation {
  const first = checkedImages(victim, seeds, 'seeds of a substitute');
  const { classes, inputShape, bounds } = victim;
  const [low, high] = bounds;
  const size = inputShape.reduce((a, b) => a * b, 1);
  const network = mlp([size, ...hidden, classes], { learningRate, random });
  const logits: Classifier['logits'] = (images) =>
    tf.tidy(() => network.logits(images.sub(low).div(high - low)));
  const classifier: Classifier = { classes, inputShape, bounds, logits };
  let known: Answered | undefined;
  let queries = first.shape[0];
  try {
    known = { images: first.clone(), labels: answersOf(victim, first) };
    for (let round = 0; round < rounds; round++) {
      if (round > 0) {
        const before: Answered = known;
        const step = λ * (high - low) * (-1) ** Math.floor((round - 1) / τ);
        const images = further(classifier, before, step);
        const labels = answersOf(victim, images);
        queries += images.shape[0];
        known = {
          images: tf.concat([before.images, images], 0),
          labels: tf.concat([before.labels, labels], 0),
        };
        tf.dispose([before.images, before.labels, images, labels]);
      }
      const { images, labels }: Answered = known;
      const scaled = tf.tidy(() => images.sub(low).div(high - low));
      network.fit(scaled, labels, { epochs, batchSize, random });
      scaled.dispose();
    }
  } catch (error) {
    network.dispose();
    throw error;
  } finally {
    if (known) tf.dispose([known.images, known.labels]);
    if (first !== seeds) first.dispose();
  }
  return { classifier, queries, dispose: () => network.dispose() };
}

/** The augmentation: moves each image by a step along or against the gradient of the substitute's log softmax. */
const further = (classifier: Classifier, { images, labels }: Answered, step: number): tf.Tensor4D =>
  tf.tidy(() => {
    const { gradient } = watch(classifier).victim.gradient({ images, labels, loss: 'ce' });
    // CE is −log softmax.
    const moved = images.sub<tf.Tensor4D>(signOf(gradient).mul(step));
    return moved.clipByValue(...classifier.bounds) as tf.Tensor4D;
  });

/** The predicted classes, [batch] of int32: the substitute learns from nothing else. */
const answersOf = (victim: Imitated, images: tf.Tensor4D): tf.Tensor1D =>
  tf.tidy(() => {
    const answers: tf.Tensor1D[] = [];
    for (let from = 0; from < images.shape[0]; from += ASKED_AT_ONCE) {
      const some = images.slice<tf.Tensor4D>(from, Math.min(ASKED_AT_ONCE, images.shape[0] - from));
      answers.push(victim.logits(some).argMax(1));
    }
    return tf.concat(answers).toInt();
  });
