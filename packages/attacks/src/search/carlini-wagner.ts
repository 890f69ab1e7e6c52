import * as tf from '@tensorflow/tfjs';
import type { AttackBatch, MinimalAttack, VictimStep } from '@weightmap/core';
import { keepNearest, noneNear } from '../harness/_nearest.js';
import { norms } from '../harness/_norms.js';
import { fools, perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';
import { aimed } from '../harness/losses.js';
import { descend, searchConstant, undescended, type Descent } from './_constant-search.js';

/** Number of steps and searches, and the required confidence of the misclassification. */
export interface CarliniWagnerOptions {
  /** Most steps for each c. */
  steps?: number;
  /** Number of values of c that are tried for each image. */
  searches?: number;
  /** The first c. */
  firstConstant?: number;
  /** Learning rate of Adam. */
  learningRate?: number;
  /** κ: by how much the other class must exceed the label. */
  confidence?: number;
  /** Whether a minimisation ends when a tenth of the steps gained less than 0.01 %, over all images. */
  abortEarly?: boolean;
}

/** Keeps pixels away from the ends of tanh, where its slope is 0 and they could not change. */
const INSIDE = 0.999999;
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

type Given = AttackBatch & {
  /** v of the clean images, and the images that tanh gives for it. */
  readonly origin: tf.Tensor4D;
  readonly reference: tf.Tensor4D;
};

type Changed = Descent & {
  /** v − origin, and Adam's moving averages of its gradient and of the squared gradient. */
  readonly change: tf.Tensor4D;
  readonly mean: tf.Tensor4D;
  readonly square: tf.Tensor4D;
  /** The value that is minimised, over all images, before the last step. */
  readonly total: tf.Tensor;
};

type State = Given & Changed & { readonly constant: tf.Tensor1D };

type Rate = { readonly rate: tf.Scalar };

/**
 * Carlini & Wagner's attack in L2: with x = the middle of the bounds + half their width · tanh(v), Adam minimises over v
 *
 *     Σ_images ‖x − x_0‖₂² + c · max(z_y − max_{i≠y} z_i, −κ)
 *
 * from x_0. The result is the nearest adversarial image found. With targets the second term is
 * max(max_{i≠t} z_i − z_t, −κ). The constant c is searched for each image, see `_constant-search.ts`.
 *
 * At most 9 searches of 10,000 steps, from c = 1e-3, with learning rate 1e-2 and κ = 0. x_0 is the image after scaling by the
 * factor 0.999999 towards the middle. Distances are those of pixels in [0, 1] for all bounds, so c does not depend on them.
 *
 * Note: with fewer searches than 9 the distances are larger than necessary, because the best c is not found.
 *
 * Source: Carlini & Wagner, “Towards evaluating the robustness of neural networks”, arXiv:1608.04644, section VI, and
 * its code.
 *
 * Tested: against descent and search in plain loops; on a linear classifier, whose nearest boundary it reaches within 5 %;
 * against Foolbox.
 */
export function carliniWagner({
  steps = 10_000,
  searches = 9,
  firstConstant = 1e-3,
  learningRate = 1e-2,
  confidence: κ = 0,
  abortEarly = true,
}: CarliniWagnerOptions = {}): MinimalAttack {
  const begin: VictimStep<Pick<AttackBatch, 'images'>, Pick<State, 'origin' | 'reference'>> =
    ({ bounds }) =>
    ({ images }) => {
      const [middle, half] = scaleOf(bounds);
      const origin = images.sub(middle).div(half).mul(INSIDE).atanh() as tf.Tensor4D;
      return { origin, reference: origin.tanh().mul(half).add(middle) };
    };

  const move: VictimStep<Omit<State, 'total'> & Rate, Changed> =
    (model) =>
    ({ images, labels, targets, origin, reference, change, mean, square, constant: c, reached, ...rest }) => {
      const [middle, half] = scaleOf(model.bounds);
      const tanh = origin.add<tf.Tensor4D>(change).tanh();
      const x = tanh.mul(half).add<tf.Tensor4D>(middle);
      const loss = aimed('margin', targets !== undefined);
      const found = model.gradient({ images: x, labels, targets, loss });
      const ahead = found.loss.greaterEqual(κ).cast('float32');
      const hit = fools(found.logits, labels, targets, model.answers).mul<tf.Tensor1D>(ahead);
      const away = x.sub<tf.Tensor4D>(reference).div<tf.Tensor4D>(2 * half);
      const behind = tf.sub<tf.Tensor1D>(κ, found.loss).relu();
      const total = away.square().sum().add(behind.mul(c).sum());
      // Where κ is reached the second term is constant.
      const weight = perImage(c.mul(behind.greater(0)));
      const slope = away.div(half).sub(found.gradient.mul(weight));
      const gradient = slope.mul<tf.Tensor4D>(tf.sub(1, tanh.square()).mul(half));
      const m = mean.mul<tf.Tensor4D>(BETA1).add<tf.Tensor4D>(gradient.mul(1 - BETA1));
      const v = square.mul<tf.Tensor4D>(BETA2).add<tf.Tensor4D>(gradient.square().mul(1 - BETA2));
      const length = norms.l2.length(x.sub(images));
      return {
        ...keepNearest(rest, { images: x, length, hit }),
        mean: m,
        square: v,
        total,
        reached: reached.maximum(hit),
        change: change.sub(m.mul(rest.rate).div(v.sqrt().add(EPSILON))),
      };
    };

  return judgedMinimal({
    id: 'carlini-wagner',
    label: 'Carlini–Wagner L2',
    kind: 'minimal',
    strengthUnit: 'epsilon',
    norm: 'l2',
    targeted: true,
    usesGradient: true,
    source: 'Carlini & Wagner, arXiv:1608.04644',
    nearest(victim, batch) {
      const { images } = batch;
      const given: Given = { ...batch, ...victim.compute(begin, { images }) };
      const none = tf.zerosLike(images);
      return searchConstant(noneNear(images), { searches, firstConstant }, (constant, nearest) => {
        const found = undescended(nearest, constant);
        const start: State = { ...given, ...found, change: none, mean: none, square: none };
        return descend(start, { steps, abortEarly }, (state, index) => {
          const corrected = Math.sqrt(1 - BETA2 ** (index + 1)) / (1 - BETA1 ** (index + 1));
          return victim.compute(move, { ...state, rate: tf.scalar(learningRate * corrected) });
        });
      });
    },
  });
}

const scaleOf = ([low, high]: readonly [number, number]) => [(low + high) / 2, (high - low) / 2] as const;
