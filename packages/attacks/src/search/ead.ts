import * as tf from '@tensorflow/tfjs';
import type { AttackBatch, MinimalAttack, VictimStep } from '@weightmap/core';
import { keepNearest, noneNear } from '../harness/_nearest.js';
import { norms, signOf } from '../harness/_norms.js';
import { candidateAt, perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';
import { aimed } from '../harness/losses.js';
import { descend, searchConstant, undescended, type Descent } from './_constant-search.js';

/** As for `carliniWagner`, with the weight of the L1 distance. */
export interface EadOptions {
  /** Most steps for each c. */
  steps?: number;
  /** Number of values of c that are tried for each image. */
  searches?: number;
  /** The first c. */
  firstConstant?: number;
  /** The first learning rate. It falls to 0 as the square root of the steps left. */
  learningRate?: number;
  /** β: weight of the L1 distance; a step shrinks every change by it. */
  beta?: number;
  /** κ: by how much the other class must exceed the label. */
  confidence?: number;
  /** Whether a minimisation ends when a tenth of the steps gained less than 0.01 %, over all images. */
  abortEarly?: boolean;
}

type Changed = Descent & {
  /** x and y of FISTA. */
  readonly at: tf.Tensor4D;
  readonly slack: tf.Tensor4D;
  /** The value that is minimised, over all images. */
  readonly total: tf.Tensor;
};

type State = AttackBatch & Changed & { readonly constant: tf.Tensor1D };

type Rates = { readonly rate: tf.Scalar; readonly momentum: tf.Scalar };

/**
 * Elastic-net attack, for small changes in L1: FISTA minimises
 *
 *     c · max(z_y − max_{i≠y} z_i, −κ) + ‖x − x_0‖₂² + β ‖x − x_0‖₁
 *
 * by steps x_{k+1} = S_β(y_k − a_k ∇g(y_k)), y_{k+1} = x_{k+1} + k/(k+3) · (x_{k+1} − x_k), where g is all but the last
 * term, and S_β shrinks every change by β, not below 0, and clips to the bounds. With targets the first term is
 * max(max_{i≠t} z_i − z_t, −κ). The constant c is searched for each image, see `_constant-search.ts`. The result is the x_k
 * nearest in L1 that is adversarial.
 *
 * At most 9 searches of 10,000 steps, from c = 1e-3, with β = 1e-2, a_0 = 1e-2 and κ = 0. Distances are those of pixels in
 * [0, 1] for all bounds.
 *
 * Source: Chen et al., “EAD: elastic-net attacks to deep neural networks via adversarial examples”, arXiv:1709.04114,
 * algorithm 1 with its L1 decision rule.
 *
 * Tested: against FISTA in plain loops; on a linear classifier; against an attack in L2, whose L1 distances are larger.
 */
export function ead({
  steps = 10_000,
  searches = 9,
  firstConstant = 1e-3,
  learningRate = 1e-2,
  beta: β = 1e-2,
  confidence: κ = 0,
  abortEarly = true,
}: EadOptions = {}): MinimalAttack {
  const move: VictimStep<Omit<State, 'total'> & Rates, Changed> =
    (model) =>
    ({ images, labels, targets, at: x, slack: y, constant: c, reached, rate, momentum, ...found }) => {
      const [low, high] = model.bounds;
      const width = high - low;
      const loss = aimed('margin', targets !== undefined);
      const { gradient, loss: lead } = model.gradient({ images: y, labels, targets, loss });
      const weight = perImage(c.mul(lead.less(κ)));
      // In units of pixels in [0, 1]: a step is `width` times as long within the bounds.
      const slope = y
        .sub(images)
        .mul(2 / width)
        .sub(gradient.mul(weight).mul(width));
      const moved = y.sub<tf.Tensor4D>(slope.mul(rate).mul(width)).sub<tf.Tensor4D>(images);
      const sizes = moved.abs().sub(β * width);
      const shrunk = signOf(moved).mul<tf.Tensor4D>(sizes.relu());
      const next = images.add(shrunk).clipByValue(low, high) as tf.Tensor4D;
      const changes = next.sub<tf.Tensor4D>(images);
      const tried = candidateAt(model, next, { labels, targets }, 'margin');
      const hit = tried.hit.mul<tf.Tensor1D>(tried.loss.greaterEqual(κ).cast('float32'));
      const length = norms.l1.length(changes);
      const behind = tf.sub(κ, tried.loss).relu().mul(c);
      const l1 = length.mul(β / width);
      return {
        ...keepNearest(found, { images: next, length, hit }),
        at: next,
        slack: next.add(next.sub(x).mul(momentum)),
        reached: reached.maximum(hit),
        total: changes.div(width).square().sum().add(l1.add(behind).sum()),
      };
    };

  return judgedMinimal({
    id: 'ead',
    label: 'EAD',
    kind: 'minimal',
    strengthUnit: 'epsilon',
    norm: 'l1',
    targeted: true,
    usesGradient: true,
    source: 'Chen et al., arXiv:1709.04114',
    nearest(victim, batch) {
      const { images } = batch;
      return searchConstant(noneNear(images), { searches, firstConstant }, (constant, nearest) => {
        const start: State = { ...batch, ...undescended(nearest, constant), at: images, slack: images };
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
