import * as tf from '@tensorflow/tfjs';
import type { MinimalAttack, VictimStep } from '@weightmap/core';
import { norms } from '../harness/_norms.js';
import { nearestPlane, rivals, type Plane } from './_planes.js';
import { repeat } from '../harness/_repeat.js';
import { perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';

/**
 * How much longer each step is than to the plane, of the bounds' width. Where pixels at the bounds take no part, steps only
 * halve the way that is left, say, and without it would never arrive.
 */
const BEYOND = 1e-4;

/** How many steps, how far beyond the boundary, and to how many classes. */
export interface DeepFoolOptions {
  /** Steps at most; an image that is fooled takes no more. */
  steps?: number;
  /** How much further than to the boundary the change goes, as a share of it. */
  overshoot?: number;
  /** Classes taken into account, the label and those of the largest logits next to it. */
  candidates?: number;
}

/**
 * DeepFool for L2: steps to the nearest of the planes that are the classes' boundaries to first order,
 *
 *     r_i = (|z_k − z_y| / ‖w_k‖₂ + 1e-4) · w_k / ‖w_k‖₂,   w_k = ∇(z_k − z_y),   k of smallest |z_k − z_y| / ‖w_k‖₂
 *     x_{i+1} = clip(x_0 + (1 + overshoot) Σ_{j≤i} r_j)
 *
 * until the image is taken for another class than the label. 50 steps, an overshoot of 0.02 on the total, 10 candidates.
 * The 1e-4 is that of pixels in [0, 1], in other bounds the same share of their width.
 *
 * Source: Moosavi-Dezfooli et al., “DeepFool: a simple and accurate method to fool deep neural networks”,
 * arXiv:1511.04599, algorithm 2, and its code, from which the 1e-4 comes.
 *
 * Tested: against algorithm 2 in plain loops on a curved classifier, and on a linear one, whose nearest boundary it
 * reaches within 5 %; against Foolbox.
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
      // Where the classifier is flat the direction is 0, and a distance that large only overflows.
      const step = norms.l2.normalize(slope).mul<tf.Tensor4D>(perImage(open.mul(far.less(1e30))));
      const sum = total.add<tf.Tensor4D>(step);
      const next = images.add(sum.mul(1 + overshoot)).clipByValue(...bounds) as tf.Tensor4D;
      return { total: sum, at: tf.where(perImage(fooled).greater(0), at, next) };
    };

  return judgedMinimal({
    id: 'deepfool',
    label: 'DeepFool',
    kind: 'minimal',
    strength: 'epsilon',
    norm: 'l2',
    targeted: false,
    usesGradient: true,
    source: 'Moosavi-Dezfooli et al., arXiv:1511.04599',
    nearest(victim, images, labels) {
      const classes = rivals(victim, images, labels, candidates - 1);
      const none = tf.zeros<tf.Rank.R1>([images.shape[0]]);
      const start: State = { images, labels, at: images, total: tf.zerosLike(images), fooled: none };
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

type State = {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  readonly at: tf.Tensor4D;
  /** Σ r */
  readonly total: tf.Tensor4D;
  /** [batch], 1 where the image was fooled before its last step. */
  readonly fooled: tf.Tensor1D;
};
