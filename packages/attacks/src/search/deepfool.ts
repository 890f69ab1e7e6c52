import * as tf from '@tensorflow/tfjs';
import type { AttackBatch, MinimalAttack, VictimStep } from '@weightmap/core';
import { norms } from '../harness/_norms.js';
import { repeat } from '../harness/_repeat.js';
import { rivals } from '../harness/_top-logits.js';
import { perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';
import { nearestPlane, type Plane } from './_planes.js';

/**
 * Each step passes the plane by this share of the bounds' width. Without it, steps whose pixels are at the bounds may halve
 * the remaining distance again and again, and never arrive.
 */
const BEYOND = 1e-4;

/** Number of steps, the overshoot, and the number of classes. */
export interface DeepFoolOptions {
  /** Most steps. An image that is fooled takes no more. */
  steps?: number;
  /** How far the change goes beyond the boundary, as a share of its length. */
  overshoot?: number;
  /** Number of classes considered: the label and the classes with the largest other logits. */
  candidates?: number;
}

type State = AttackBatch & {
  readonly at: tf.Tensor4D;
  /** Σ r */
  readonly total: tf.Tensor4D;
  /** [batch], 1 if the image was fooled before its last step. */
  readonly fooled: tf.Tensor1D;
};

/**
 * DeepFool for L2: steps to the nearest of the planes that approximate the class boundaries to first order,
 *
 *     r_i = (|z_k − z_y| / ‖w_k‖₂ + 1e-4) · w_k / ‖w_k‖₂,   w_k = ∇(z_k − z_y),   k of smallest |z_k − z_y| / ‖w_k‖₂
 *     x_{i+1} = clip(x_0 + (1 + overshoot) Σ_{j≤i} r_j)
 *
 * until the image is classified as another class than the label. 50 steps, an overshoot of 0.02 on the total, 10 candidates.
 * The 1e-4 is for pixels in [0, 1], and scales with the width of other bounds.
 *
 * Source: Moosavi-Dezfooli et al., “DeepFool: a simple and accurate method to fool deep neural networks”,
 * arXiv:1511.04599, algorithm 2, and its code, which has the 1e-4.
 *
 * Tested: against algorithm 2 in plain loops on a curved classifier; on a linear one, whose nearest boundary it reaches
 * within 5 %; against Foolbox.
 */
export function deepFool({
  steps = 50,
  overshoot = 0.02,
  candidates = 10,
}: DeepFoolOptions = {}): MinimalAttack {
  const planeAt = nearestPlane('l2');

  const move: VictimStep<State & Plane, Pick<State, 'at' | 'total'>> =
    ({ bounds }) =>
    ({ images, at, total, slope, far, fooled }) => {
      const beyond = BEYOND * (bounds[1] - bounds[0]);
      const open = far.add(beyond).mul<tf.Tensor1D>(tf.sub(1, fooled));
      // Where the classifier is flat the direction is 0, and such a large distance would overflow.
      const step = norms.l2.normalize(slope).mul<tf.Tensor4D>(perImage(open.mul(far.less(1e30))));
      const sum = total.add<tf.Tensor4D>(step);
      const next = images.add(sum.mul(1 + overshoot)).clipByValue(...bounds) as tf.Tensor4D;
      return { total: sum, at: tf.where(perImage(fooled).greater(0), at, next) };
    };

  return judgedMinimal({
    id: 'deepfool',
    label: 'DeepFool',
    kind: 'minimal',
    strengthUnit: 'epsilon',
    norm: 'l2',
    targeted: false,
    usesGradient: true,
    source: 'Moosavi-Dezfooli et al., arXiv:1511.04599',
    nearest(victim, batch) {
      const { images, labels } = batch;
      const classes = rivals(victim, images, labels, candidates - 1);
      const none = tf.zeros<tf.Rank.R1>([images.shape[0]]);
      const start: State = { ...batch, at: images, total: tf.zerosLike(images), fooled: none };
      const end = repeat(
        start,
        steps,
        ({ fooled: _, ...state }) => {
          const plane = planeAt(victim, { at: state.at, labels }, classes);
          return { fooled: plane.fooled, ...victim.compute(move, { ...state, ...plane }) };
        },
        ({ fooled }) => fooled.min().dataSync()[0] === 1,
      );
      return end.at;
    },
  });
}
