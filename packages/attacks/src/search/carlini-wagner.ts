import * as tf from '@tensorflow/tfjs';
import type { MinimalAttack, VictimStep } from '@weightmap/core';
import { descend, searchConstant, undescended, type Descent } from './_constant-search.js';
import { keepNearest, noneNear } from '../harness/_nearest.js';
import { norms } from '../harness/_norms.js';
import { fools, perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';
import { aimed } from '../harness/losses.js';

/** How long is searched, and for how sure a mistake. */
export interface CarliniWagnerOptions {
  /** Steps for each c, at most. */
  steps?: number;
  /** How many c are tried for each image. */
  searches?: number;
  /** The first of them. */
  firstConstant?: number;
  /** Of Adam. */
  learningRate?: number;
  /** κ: by how much the other class must lead. */
  confidence?: number;
  /** Whether a minimisation ends when a tenth of the steps gained less than 0.01 %, all images together. */
  abortEarly?: boolean;
}

/** Keeps pixels at the bounds from the ends of tanh, which have no slope: they would never change. */
const INSIDE = 0.999999;
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/**
 * Carlini & Wagner's attack in L2: for x = the middle of the bounds + half their width · tanh(v), Adam minimises over v
 *
 *     Σ_images ‖x − x_0‖₂² + c · max(z_y − max_{i≠y} z_i, −κ)
 *
 * from x_0, and the nearest image met that fools is the result. With targets the second term is
 * max(max_{i≠t} z_i − z_t, −κ). Each image's c is searched for, see `_constant-search.ts`.
 *
 * 9 searches of 10,000 steps at most, from c = 1e-3, learning rate 1e-2, κ = 0. x_0 is what tanh gives of the image,
 * drawn in by the factor 0.999999. Lengths are those of pixels in [0, 1], whatever the bounds are, so that c is too.
 *
 * Note: with fewer searches than 9 the lengths found are longer than they need to be, for c is not found.
 *
 * Source: Carlini & Wagner, “Towards evaluating the robustness of neural networks”, arXiv:1608.04644, section VI, and
 * its code.
 *
 * Tested: against descent and search in plain loops, and on a linear classifier, whose nearest boundary it reaches
 * within 5 %; against Foolbox.
 */
export function carliniWagner({
  steps = 10_000,
  searches = 9,
  firstConstant = 1e-3,
  learningRate = 1e-2,
  confidence = 0,
  abortEarly = true,
}: CarliniWagnerOptions = {}): MinimalAttack {
  const begin: VictimStep<{ images: tf.Tensor4D }, Pick<State, 'origin' | 'reference'>> =
    ({ bounds }) =>
    ({ images }) => {
      const [middle, half] = scaleOf(bounds);
      const origin = images.sub(middle).div(half).mul(INSIDE).atanh() as tf.Tensor4D;
      return { origin, reference: origin.tanh().mul(half).add(middle) };
    };

  const move: VictimStep<Omit<State, 'total'> & Rate, Changed> =
    (model) =>
    ({ images, labels, targets, origin, reference, change, mean, square, constant, reached, ...rest }) => {
      const [middle, half] = scaleOf(model.bounds);
      const bent = origin.add<tf.Tensor4D>(change).tanh();
      const at = bent.mul(half).add<tf.Tensor4D>(middle);
      const loss = aimed('margin', targets !== undefined);
      const found = model.gradient({ images: at, labels, targets, loss });
      const ahead = found.loss.greaterEqual(confidence).cast('float32');
      const hit = fools(found.logits, labels, targets).mul<tf.Tensor1D>(ahead);
      const away = at.sub<tf.Tensor4D>(reference).div<tf.Tensor4D>(2 * half);
      const behind = tf.sub<tf.Tensor1D>(confidence, found.loss).relu();
      const total = away.square().sum().add(behind.mul(constant).sum());
      // Where κ is reached the second term is flat.
      const weight = perImage(constant.mul(behind.greater(0)));
      const slope = away.div(half).sub(found.gradient.mul(weight));
      const gradient = slope.mul<tf.Tensor4D>(tf.sub(1, bent.square()).mul(half));
      const m = mean.mul<tf.Tensor4D>(BETA1).add<tf.Tensor4D>(gradient.mul(1 - BETA1));
      const v = square.mul<tf.Tensor4D>(BETA2).add<tf.Tensor4D>(gradient.square().mul(1 - BETA2));
      const length = norms.l2.length(at.sub(images));
      return {
        ...keepNearest(rest, { images: at, length, hit }),
        ...{ mean: m, square: v, total, reached: reached.maximum(hit) },
        change: change.sub(m.mul(rest.rate).div(v.sqrt().add(EPSILON))),
      };
    };

  return judgedMinimal({
    id: 'carlini-wagner',
    label: 'Carlini–Wagner L2',
    kind: 'minimal',
    strength: 'epsilon',
    norm: 'l2',
    targeted: true,
    usesGradient: true,
    source: 'Carlini & Wagner, arXiv:1608.04644',
    nearest(victim, images, labels, { targets }) {
      const place = victim.compute(begin, { images });
      const given: Given = { images, labels, ...(targets && { targets }), ...place };
      const none = tf.zerosLike(images);
      return searchConstant(noneNear(images), { searches, firstConstant }, (constant, nearest) => {
        const start: State = {
          ...{ ...given, ...undescended(nearest, constant) },
          ...{ change: none, mean: none, square: none },
        };
        return descend(start, { steps, abortEarly }, (state, index) => {
          const corrected = Math.sqrt(1 - BETA2 ** (index + 1)) / (1 - BETA1 ** (index + 1));
          return victim.compute(move, { ...state, rate: tf.scalar(learningRate * corrected) });
        });
      });
    },
  });
}

type Given = {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  readonly targets?: tf.Tensor1D;
  /** v of the clean images, and what tanh gives of them. */
  readonly origin: tf.Tensor4D;
  readonly reference: tf.Tensor4D;
};

type Changed = Descent & {
  /** v − origin, and Adam's averages of its gradient and of that squared. */
  readonly change: tf.Tensor4D;
  readonly mean: tf.Tensor4D;
  readonly square: tf.Tensor4D;
  /** What is minimised, all images together, before the last step. */
  readonly total: tf.Tensor;
};

type State = Given & Changed & { readonly constant: tf.Tensor1D };

type Rate = { readonly rate: tf.Scalar };

const scaleOf = ([low, high]: readonly [number, number]) => [(low + high) / 2, (high - low) / 2] as const;
