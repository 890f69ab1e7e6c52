import * as tf from '@tensorflow/tfjs';
import type { Attack, VictimModel, VictimStep } from '@weightmap/core';
import { checkCount, checkReach, confinedTo } from '../ascent/_ascent.js';
import { eachStrength } from '../harness/_each-strength.js';
import { takeTurns, type Rows } from '../harness/_rows.js';
import { insideBall } from '../harness/_starts.js';
import { fools, keepWorst, nothingFound, perImage, type Worst } from '../harness/_worst.js';
import { judged } from '../harness/evaluate.js';
import { aimed, losses } from '../harness/losses.js';

/** How the gradient is estimated, and how far a step goes. */
export interface SpsaOptions {
  /** Steps at most; an image that fools is done. */
  steps?: number;
  /** Images shown to the classifier for each estimate of the gradient, in pairs. */
  samples?: number;
  /** δ: how far from the image they are in every component, as a share of the bounds' width. */
  delta?: number;
  /** Of Adam, as a share of the bounds' width: about the length of a step. All steps together must be at least ε long. */
  learningRate?: number;
}

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/**
 * Simultaneous perturbation stochastic approximation on L∞, a black box: the gradient of the margin loss J is estimated
 * by its differences along random directions v of ±1 in every component,
 *
 *     g = mean_v (J(x + δ v) − J(x − δ v)) / (2 δ) · v
 *
 * and Adam follows it, projected onto the ball and the bounds after each step, from a random point of the ball. 64
 * directions, the same for all images of a batch, which makes 128 samples; δ = 0.01, learning rate 0.01, 100 steps. x
 * itself is shown to the classifier too, to see whether it fools.
 *
 * Its `run` throws a WeightmapError if the steps together are shorter than ε.
 *
 * Source: Uesato et al., “Adversarial risk and the dangers of evaluating against weak attacks”, arXiv:1802.05666,
 * section 4.
 *
 * Tested: against estimate and step in plain loops with the same random numbers, and on a linear classifier.
 */
export function spsa({
  steps = 100,
  samples = 128,
  delta = 0.01,
  learningRate = 0.01,
}: SpsaOptions = {}): Attack {
  checkCount(steps, 'steps');
  const pairs = Math.max(1, Math.round(samples / 2));

  const begin: VictimStep<Pick<State, 'images'> & Noise, Pick<State, 'at'>> =
    (model) =>
    ({ images, noise, epsilon }) => ({
      at: confinedTo('linf', model)(images.add(noise.mul(epsilon)), images, epsilon),
    });

  const probe: VictimStep<Aim & Probe, { sum: tf.Tensor4D }> =
    (model) =>
    ({ labels, targets, at, signs, sum }) => {
      const loss = losses[aimed('margin', targets !== undefined)];
      const width = widthOf(model);
      const [ahead, behind] = [delta * width, -delta * width].map((step) =>
        loss.of(model.logits(at.add(signs.mul(step))), labels, targets ?? labels),
      );
      return { sum: sum.add(signs.mul(perImage(ahead.sub(behind)))) };
    };

  const move: VictimStep<Omit<State, 'fooled'> & Worst & Slope, Changed> =
    (model) =>
    ({ images, labels, targets, at, mean, square, sum, rate, epsilon, ...worst }) => {
      const g = sum.div<tf.Tensor4D>(2 * delta * pairs);
      const m = mean.mul<tf.Tensor4D>(BETA1).add<tf.Tensor4D>(g.mul(1 - BETA1));
      const v = square.mul<tf.Tensor4D>(BETA2).add<tf.Tensor4D>(g.square().mul(1 - BETA2));
      const next = at.add(m.mul(rate).mul(widthOf(model)).div(v.sqrt().add(EPSILON)));
      const confined = confinedTo('linf', model)(next as tf.Tensor4D, images, epsilon);
      const logits = model.logits(confined);
      const loss = losses[aimed('margin', targets !== undefined)].of(logits, labels, targets ?? labels);
      const hit = fools(logits, labels, targets);
      return {
        ...keepWorst(worst, { images: confined, loss, hit }, { stop: true }),
        ...{ at: confined, mean: m, square: v },
      };
    };

  return judged({
    id: 'spsa',
    label: 'SPSA',
    kind: 'fixed',
    strength: 'epsilon',
    norm: 'linf',
    targeted: true,
    usesGradient: false,
    source: 'Uesato et al., arXiv:1802.05666',
    perturb(victim, images, labels, options) {
      const { targets } = options;
      const [batch, ...image] = images.shape;
      const size = image.reduce((a, b) => a * b, 1);
      const width = widthOf(victim);
      for (const strength of options.strengths)
        checkReach(steps, learningRate * width, Math.min(strength, width));
      return eachStrength(images, options, (strength, random) => {
        const epsilon = tf.scalar(strength);
        const noise = tf.tensor4d(insideBall.linf(random, batch, size), images.shape);
        const none = tf.zerosLike(images);
        const start: State = {
          ...{ ...nothingFound(images), images, labels, ...(targets && { targets }) },
          ...{ ...victim.compute(begin, { images, noise, epsilon }), mean: none, square: none },
        };
        return takeTurns(
          start as State & Rows,
          steps,
          (rows, { index }) => {
            const aim = { labels: rows.labels, ...(rows.targets && { targets: rows.targets }), at: rows.at };
            let sum = tf.zerosLike(rows.at);
            for (let pair = 0; pair < pairs; pair++) {
              const before = sum;
              const signs = tf.tensor4d(
                random.uniforms(size, -1, 1).map((value) => (value < 0 ? -1 : 1)),
                [1, ...image] as [number, number, number, number],
              );
              sum = victim.compute(probe, { ...aim, signs, sum }).sum;
              tf.dispose([before, signs]);
            }
            const corrected = Math.sqrt(1 - BETA2 ** (index + 1)) / (1 - BETA1 ** (index + 1));
            return victim.compute(move, { ...rows, sum, rate: tf.scalar(learningRate * corrected), epsilon });
          },
          { stop: true },
        );
      });
    },
  });
}

/** δ, Adam's rate and its estimate of the gradient are those of pixels in [0, 1]. */
const widthOf = ({ bounds: [low, high] }: Pick<VictimModel, 'bounds'>): number => high - low;

type Aim = { readonly labels: tf.Tensor1D; readonly targets?: tf.Tensor1D };

type Changed = Worst & {
  readonly at: tf.Tensor4D;
  /** Adam's averages of the gradient and of that squared. */
  readonly mean: tf.Tensor4D;
  readonly square: tf.Tensor4D;
};

type State = Changed & Aim & { readonly images: tf.Tensor4D };

type Noise = { readonly noise: tf.Tensor4D; readonly epsilon: tf.Scalar };

/** `signs` [1, height, width, channels]: v; `sum` of the estimates so far. */
type Probe = { readonly at: tf.Tensor4D; readonly signs: tf.Tensor4D; readonly sum: tf.Tensor4D };

type Slope = { readonly sum: tf.Tensor4D; readonly rate: tf.Scalar; readonly epsilon: tf.Scalar };
