import * as tf from '@tensorflow/tfjs';
import type { MinimalAttack, VictimStep } from '@weightmap/core';
import { descend, searchConstant, undescended, type Descent } from './_constant-search.js';
import { keepNearest, noneNear } from '../harness/_nearest.js';
import { norms, signOf } from '../harness/_norms.js';
import { fools, perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';
import { aimed, losses } from '../harness/losses.js';

/** As for `carliniWagner`, and how much L1 counts. */
export interface EadOptions {
  /** Steps for each c, at most. */
  steps?: number;
  /** How many c are tried for each image. */
  searches?: number;
  /** The first of them. */
  firstConstant?: number;
  /** At first; it falls to 0 as the square root of the steps left. */
  learningRate?: number;
  /** β: weight of the L1 length, and what a step takes off every change. */
  beta?: number;
  /** κ: by how much the other class must lead. */
  confidence?: number;
  /** Whether a minimisation ends when a tenth of the steps gained less than 0.01 %, all images together. */
  abortEarly?: boolean;
}

/**
 * Elastic-net attack, for small changes in L1: FISTA minimises
 *
 *     c · max(z_y − max_{i≠y} z_i, −κ) + ‖x − x_0‖₂² + β ‖x − x_0‖₁
 *
 * by steps x_{k+1} = S_β(y_k − a_k ∇g(y_k)), y_{k+1} = x_{k+1} + k/(k+3) · (x_{k+1} − x_k), where g is all but the last
 * term, and S_β takes β off the size of every change, as far as it goes, and keeps to the bounds. With targets the first
 * term is max(max_{i≠t} z_i − z_t, −κ). Each image's c is searched for, see `_constant-search.ts`. Of the x_k that fool,
 * the nearest in L1 is the result.
 *
 * 9 searches of 10,000 steps at most, from c = 1e-3, β = 1e-2, a_0 = 1e-2, κ = 0. Lengths are those of pixels in [0, 1],
 * whatever the bounds are.
 *
 * Source: Chen et al., “EAD: elastic-net attacks to deep neural networks via adversarial examples”, arXiv:1709.04114,
 * algorithm 1 with its L1 decision rule.
 *
 * Tested: against FISTA in plain loops, on a linear classifier, and against an attack in L2, which finds more in L1.
 */
export function ead({
  steps = 10_000,
  searches = 9,
  firstConstant = 1e-3,
  learningRate = 1e-2,
  beta = 1e-2,
  confidence = 0,
  abortEarly = true,
}: EadOptions = {}): MinimalAttack {
  const move: VictimStep<Omit<State, 'total'> & Rates, Changed> =
    (model) =>
    ({ images, labels, targets, at, slack, constant, reached, rate, momentum, ...found }) => {
      const [low, high] = model.bounds;
      const width = high - low;
      const loss = aimed('margin', targets !== undefined);
      const { gradient, loss: lead } = model.gradient({ images: slack, labels, targets, loss });
      const weight = perImage(constant.mul(lead.less(confidence)));
      // By pixels in [0, 1], of which a step is `width` times as long in the bounds.
      const slope = slack
        .sub(images)
        .mul(2 / width)
        .sub(gradient.mul(weight).mul(width));
      const moved = slack.sub<tf.Tensor4D>(slope.mul(rate).mul(width)).sub<tf.Tensor4D>(images);
      const shrunk = signOf(moved).mul<tf.Tensor4D>(
        moved
          .abs()
          .sub(beta * width)
          .relu(),
      );
      const next = images.add(shrunk).clipByValue(low, high) as tf.Tensor4D;
      const changes = next.sub<tf.Tensor4D>(images);
      const logits = model.logits(next);
      const leads = losses[loss].of(logits, labels, targets ?? labels);
      const ahead = leads.greaterEqual(confidence).cast('float32');
      const hit = fools(logits, labels, targets).mul<tf.Tensor1D>(ahead);
      const length = norms.l1.length(changes);
      const behind = tf.sub(confidence, leads).relu().mul(constant);
      return {
        ...keepNearest(found, { images: next, length, hit }),
        ...{ at: next, slack: next.add(next.sub(at).mul(momentum)), reached: reached.maximum(hit) },
        total: changes
          .div(width)
          .square()
          .sum()
          .add(
            length
              .mul(beta / width)
              .add(behind)
              .sum(),
          ),
      };
    };

  return judgedMinimal({
    id: 'ead',
    label: 'EAD',
    kind: 'minimal',
    strength: 'epsilon',
    norm: 'l1',
    targeted: true,
    usesGradient: true,
    source: 'Chen et al., arXiv:1709.04114',
    nearest(victim, images, labels, { targets }) {
      const given: Given = { images, labels, ...(targets && { targets }) };
      return searchConstant(noneNear(images), { searches, firstConstant }, (constant, nearest) => {
        const start: State = { ...given, ...undescended(nearest, constant), at: images, slack: images };
        return descend(start, { steps, abortEarly }, (state, k) =>
          victim.compute(move, {
            ...state,
            rate: tf.scalar(learningRate * Math.sqrt(1 - k / steps)),
            momentum: tf.scalar(k / (k + 3)),
          }),
        );
      });
    },
  });
}

type Given = {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  readonly targets?: tf.Tensor1D;
};

type Changed = Descent & {
  /** x and y of FISTA. */
  readonly at: tf.Tensor4D;
  readonly slack: tf.Tensor4D;
  /** What is minimised, all images together. */
  readonly total: tf.Tensor;
};

type State = Given & Changed & { readonly constant: tf.Tensor1D };

type Rates = { readonly rate: tf.Scalar; readonly momentum: tf.Scalar };
