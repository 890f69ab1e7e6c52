import * as tf from '@tensorflow/tfjs';
import {
  WeightmapError,
  type Attack,
  type Classifier,
  type RandomStream,
  type VictimModel,
} from '@weightmap/core';
import { mlp } from './_mlp.js';
import { norms, signOf } from '../harness/_norms.js';
import { watch } from '../harness/_victim.js';
import { judged } from '../harness/evaluate.js';

/** How a substitute is trained. */
export interface ImitationOptions {
  /** Trainings; between two of them there are twice as many images. */
  rounds?: number;
  /** λ: how far a new image is from its origin in every component, as a share of the bounds' width. */
  lambda?: number;
  /** τ: after so many rounds the sign of λ changes. */
  flipEvery?: number;
  /** Of each training. */
  epochs?: number;
  /** Neurons of each hidden layer of the substitute. */
  hidden?: readonly number[];
  /** Of Adam. */
  learningRate?: number;
  /** Images a step of the training. */
  batchSize?: number;
}

export interface SubstituteOptions extends ImitationOptions {
  /**
   * [count, height, width, channels], within the bounds: images to begin with, best such as the classifier wasn't trained
   * on. They stay the caller's. Without them, the attacked images: at most 150, the first of the batch.
   */
  seeds?: tf.Tensor4D;
}

/** A network that gives the answers of another. */
export interface Imitation {
  /** The substitute, as an attack takes it. */
  readonly classifier: Classifier;
  /** Images that the other was shown. */
  readonly queries: number;
  /** Frees its weights. */
  dispose(): void;
}

/** Seeds without others. */
const SEEDS = 150;

/** Images shown to the victim at a time. */
const ASKED_AT_ONCE = 256;

/** Images and what the victim takes them for. */
interface Answered {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
}

type Imitated = Pick<VictimModel, 'classes' | 'inputShape' | 'bounds' | 'logits'>;

/**
 * Substitute model, a black box that uses the classifier's decisions alone: x′ = clip(x + ε · sign ∇ₓ CE(F(x), y)), FGSM on
 * a network F of the attacker's own that was trained to give the classifier's answers O. From seeds S_0, in the rounds
 * ρ = 0, 1, …,
 *
 *     train F on (x, O(x)), x ∈ S_ρ
 *     S_{ρ+1} = S_ρ ∪ { clip(x + λ_ρ · sign ∇ₓ log softmax(F(x))_O(x)) : x ∈ S_ρ },   λ_ρ = λ (−1)^⌊ρ/τ⌋
 *
 * the Jacobian-based augmentation, which looks where the answers change. 6 rounds, so 150 seeds lead to 4,800 queries;
 * λ = 0.1, τ = 3, 10 epochs a round by Adam of learning rate 1e-3 in batches of 128. F has two hidden layers of 200
 * neurons with ReLU, and is trained on from round to round. It is trained once for all strengths, anew for each run.
 *
 * Note: without `seeds` the attacked images themselves are the seeds, another threat than the paper's, whose seeds are held
 * out; `weightmap attack` takes seeds from the validation part. That an image resists says little: the gradient is that of
 * another network.
 *
 * Source: Papernot et al., “Practical black-box attacks against machine learning”, arXiv:1602.02697, algorithm 1;
 * optimiser and sizes as in CleverHans.
 *
 * Tested: by what it asks a classifier for, round by round; by how it agrees with a linear classifier on other images, and
 * how far it gets beside FGSM on that itself.
 */
export function substitute({ seeds, ...options }: SubstituteOptions = {}): Attack {
  return judged({
    id: 'substitute',
    label: 'substitute model',
    kind: 'fixed',
    strength: 'epsilon',
    norm: 'linf',
    targeted: false,
    usesGradient: false,
    source: 'Papernot et al., arXiv:1602.02697',
    perturb(victim, images, labels, { strengths, random }) {
      const first = seeds ?? images.slice<tf.Tensor4D>(0, Math.min(SEEDS, images.shape[0]));
      const imitation = imitate(victim, first, { ...options, random });
      try {
        const { gradient } = watch(imitation.classifier).victim.gradient({ images, labels, loss: 'ce' });
        const direction = norms.linf.normalize(gradient);
        return strengths.map((epsilon) => images.add(direction.mul(epsilon)));
      } finally {
        imitation.dispose();
      }
    },
  });
}

/**
 * Trains a substitute for a classifier, of which it sees the predicted classes and nothing else.
 *
 * @param seeds [count, height, width, channels] within the bounds.
 * @returns the substitute as a classifier, to be attacked with gradients; the caller disposes it.
 * @throws WeightmapError if there are no seeds, or of another shape than the classifier takes, or out of bounds.
 */
export function imitate(
  victim: Imitated,
  seeds: tf.Tensor4D,
  {
    rounds = 6,
    lambda = 0.1,
    flipEvery = 3,
    epochs = 10,
    hidden = [200, 200],
    learningRate = 1e-3,
    batchSize = 128,
    random,
  }: ImitationOptions & { random: RandomStream },
): Imitation {
  checkSeeds(victim, seeds);
  const { classes, inputShape, bounds } = victim;
  const [low, high] = bounds;
  const size = inputShape.reduce((a, b) => a * b, 1);
  const network = mlp([size, ...hidden, classes], { learningRate, random });
  const logits: Classifier['logits'] = (images) =>
    tf.tidy(() => network.logits(images.sub(low).div(high - low)));
  const classifier: Classifier = { classes, inputShape, bounds, logits };
  let known: Answered | undefined;
  let queries = seeds.shape[0];
  try {
    known = { images: seeds.clone(), labels: answersOf(victim, seeds) };
    for (let round = 0; round < rounds; round++) {
      if (round > 0) {
        const before: Answered = known;
        const step = lambda * (high - low) * (-1) ** Math.floor((round - 1) / flipEvery);
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
  }
  return { classifier, queries, dispose: () => network.dispose() };
}

/** The augmentation: each image by a step on, along or against what the substitute says of its answer. */
const further = (classifier: Classifier, { images, labels }: Answered, step: number): tf.Tensor4D =>
  tf.tidy(() => {
    const { gradient } = watch(classifier).victim.gradient({ images, labels, loss: 'ce' });
    // CE is −log softmax.
    const moved = images.sub<tf.Tensor4D>(signOf(gradient).mul(step));
    return moved.clipByValue(...classifier.bounds) as tf.Tensor4D;
  });

/** The predicted classes, [batch] of int32: of the logits no more than which is the largest. */
const answersOf = (victim: Imitated, images: tf.Tensor4D): tf.Tensor1D =>
  tf.tidy(() => {
    const answers: tf.Tensor1D[] = [];
    for (let from = 0; from < images.shape[0]; from += ASKED_AT_ONCE) {
      const some = images.slice<tf.Tensor4D>(from, Math.min(ASKED_AT_ONCE, images.shape[0] - from));
      answers.push(victim.logits(some).argMax(1));
    }
    return tf.concat(answers).toInt();
  });

function checkSeeds({ inputShape, bounds: [low, high] }: Imitated, seeds: tf.Tensor4D): void {
  const [count, ...shape] = seeds.shape;
  if (count === 0 || shape.join() !== inputShape.join())
    throw new WeightmapError(`The seeds of a substitute have the shape [${seeds.shape.join(', ')}].`, {
      expected: `[count, ${inputShape.join(', ')}], one or more images as the classifier takes them`,
    });
  // NaN compares false with everything, so it counts as outside.
  const inside = tf.tidy(() => seeds.greaterEqual(low).logicalAnd(seeds.lessEqual(high)).all().dataSync()[0]);
  if (!inside)
    throw new WeightmapError('The seeds of a substitute leave the bounds.', {
      expected: `pixels within the classifier's bounds, ${low} … ${high}`,
    });
}
