import * as tf from '@tensorflow/tfjs';
import type { Attack, AttackBatch, VictimModel, VictimStep } from '@weightmap/core';
import { checkCount, checkReach } from '../ascent/_ascent.js';
import { eachStrength } from '../harness/_each-strength.js';
import { confinedTo } from '../harness/_norms.js';
import { takeTurns, type Rows } from '../harness/_rows.js';
import { insideBall } from '../harness/_starts.js';
import { candidateAt, keepWorst, nothingFound, perImage, type Worst } from '../harness/_worst.js';
import { judged } from '../harness/evaluate.js';
import { aimed, losses } from '../harness/losses.js';

/** How the gradient is estimated, and how long the steps are. */
export interface SpsaOptions {
  /** Most steps; the search for an image ends when it is fooled. */
  steps?: number;
  /** Images shown to the classifier for each estimate of the gradient, in pairs. */
  samples?: number;
  /** δ: their distance from the image in every component, as a share of the bounds' width. */
  delta?: number;
  /**
   * Learning rate of Adam, as a share of the bounds' width: about the length of a step. All steps together must be at least
   * ε long.
   */
  learningRate?: number;
}

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

type Changed = Worst & {
  readonly at: tf.Tensor4D;
  /** Adam's moving averages of the gradient and of the squared gradient. */
  readonly mean: tf.Tensor4D;
  readonly square: tf.Tensor4D;
};

type State = AttackBatch & Changed;

/** `signs`: v, [1, height, width, channels]. `sum`: of the estimates so far. */
type Probe = Omit<AttackBatch, 'images'> & {
  readonly at: tf.Tensor4D;
  readonly signs: tf.Tensor4D;
  readonly sum: tf.Tensor4D;
};

type Slope = { readonly sum: tf.Tensor4D; readonly rate: tf.Scalar; readonly epsilon: tf.Scalar };

/**
 * Simultaneous perturbation stochastic approximation on L∞, a black box: the gradient of the margin loss J is estimated
 * from its differences along random directions v of ±1 in every component,
 *
 *     g = mean_v (J(x + δ v) − J(x − δ v)) / (2 δ) · v
 *
 * Adam follows this estimate, and each step is projected onto the ball and the bounds, from a random point of the ball. 64
 * directions, the same for all images of a batch, make 128 samples; δ = 0.01, learning rate 0.01, 100 steps. x itself is
 * shown to the classifier too, to check whether it is adversarial.
 *
 * Its `run` throws a WeightmapError if the steps together are shorter than ε.
 *
 * Source: Uesato et al., “Adversarial risk and the dangers of evaluating against weak attacks”, arXiv:1802.05666,
 * section 4.
 *
 * Tested: against estimate and step in plain loops with the same random numbers; on a linear classifier.
 */
export function spsa({
  steps = 100,
  samples = 128,
  delta: δ = 0.01,
  learningRate = 0.01,
}: SpsaOptions = {}): Attack {
  checkCount(steps, 'steps');
  const pairs = Math.max(1, Math.round(samples / 2));

  const begin: VictimStep<
    { images: tf.Tensor4D; noise: tf.Tensor4D; epsilon: tf.Scalar },
    Pick<State, 'at'>
  > =
    (model) =>
    ({ images, noise, epsilon: ε }) => ({
      at: confinedTo('linf', model)(images.add(noise.mul(ε)), images, ε),
    });

  const probe: VictimStep<Probe, Pick<Probe, 'sum'>> =
    (model) =>
    ({ labels, targets, at, signs: v, sum }) => {
      const loss = losses[aimed('margin', targets !== undefined)];
      const width = widthOf(model);
      const [ahead, behind] = [δ * width, -δ * width].map((step) =>
        loss.of(model.logits(at.add(v.mul(step))), labels, targets ?? labels, model.answers),
      );
      return { sum: sum.add(v.mul(perImage(ahead.sub(behind)))) };
    };

  const move: VictimStep<State & Slope, Changed> =
    (model) =>
    ({ images, labels, targets, at, mean, square, sum, rate, epsilon: ε, ...worst }) => {
      const g = sum.div<tf.Tensor4D>(2 * δ * pairs);
      const m = mean.mul<tf.Tensor4D>(BETA1).add<tf.Tensor4D>(g.mul(1 - BETA1));
      const v = square.mul<tf.Tensor4D>(BETA2).add<tf.Tensor4D>(g.square().mul(1 - BETA2));
      const moved = at.add<tf.Tensor4D>(m.mul(rate).mul(widthOf(model)).div(v.sqrt().add(EPSILON)));
      const next = confinedTo('linf', model)(moved, images, ε);
      const candidate = candidateAt(model, next, { labels, targets }, 'margin');
      return { ...keepWorst(worst, candidate, { stop: true }), at: next, mean: m, square: v };
    };

  return judged({
    id: 'spsa',
    label: 'SPSA',
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm: 'linf',
    targeted: true,
    usesGradient: false,
    source: 'Uesato et al., arXiv:1802.05666',
    perturb(victim, batch, options) {
      const { images } = batch;
      const [count, ...image] = images.shape;
      const size = image.reduce((a, b) => a * b, 1);
      const width = widthOf(victim);
      for (const strength of options.strengths)
        checkReach(steps, learningRate * width, Math.min(strength, width));
      return eachStrength(images, options, (strength, random) => {
        const epsilon = tf.scalar(strength);
        const noise = tf.tensor4d(insideBall.linf(random, count, size), images.shape);
        const none = tf.zerosLike(images);
        const { at } = victim.compute(begin, { images, noise, epsilon });
        const start: State = { ...batch, ...nothingFound(images), at, mean: none, square: none };
        return takeTurns(
          start as State & Rows,
          steps,
          (rows, { index }) => {
            const { labels, targets, at } = rows;
            const given = { labels, ...(targets && { targets }), at };
            let sum = tf.zerosLike(at);
            for (let pair = 0; pair < pairs; pair++) {
              const before = sum;
              const signs = tf.tensor4d(
                random.uniforms(size, -1, 1).map((value) => (value < 0 ? -1 : 1)),
                [1, ...image] as [number, number, number, number],
              );
              sum = victim.compute(probe, { ...given, signs, sum }).sum;
              tf.dispose([before, signs]);
            }
            const corrected = Math.sqrt(1 - BETA2 ** (index + 1)) / (1 - BETA1 ** (index + 1));
            const rate = tf.scalar(learningRate * corrected);
            return victim.compute(move, { ...rows, sum, rate, epsilon });
          },
          { stop: true },
        );
      });
    },
  });
}

/** δ, the learning rate and Adam's gradient are those of pixels in [0, 1]. */
const widthOf = ({ bounds: [low, high] }: Pick<VictimModel, 'bounds'>): number => high - low;
