import * as tf from '@tensorflow/tfjs';
import type { AttackBatch, Victim, VictimStep } from '@weightmap/core';
import { FAR } from '../harness/_nearest.js';
import { lengths } from '../harness/_norms.js';
import { classMask } from '../harness/_top-logits.js';
import { fools, perImage } from '../harness/_worst.js';

/**
 * The plane on which, to first order, the logits of a class k and of the label y are equal: lead + slope · (x′ − x) = 0.
 * Of several classes, the nearest of their planes.
 */
export type Plane = {
  /** [rows], z_k − z_y */
  readonly lead: tf.Tensor1D;
  /** `[rows, height, width, channels]`, ∇(z_k − z_y) */
  readonly slope: tf.Tensor4D;
  /** [rows], distance to the plane: |lead| / ‖slope‖ in the dual norm. Larger than every length if the slope is 0. */
  readonly far: tf.Tensor1D;
  /** [rows], 1 if x itself is adversarial. */
  readonly fooled: tf.Tensor1D;
};

/** The norm of slopes that belongs to a norm of changes. */
const DUAL = { linf: 'l1', l2: 'l2' } as const;

type Given = Pick<AttackBatch, 'labels'> & { readonly at: tf.Tensor4D };

/**
 * Makes a function that finds the nearest of the planes of several classes. Call it once for each attack.
 *
 * For one class it differentiates the difference of the logits, `target-lead`. For several it differentiates `target-ce` of
 * each class and of the label, which is log softmax: differences of log softmax are differences of logits.
 *
 * @returns a function of the current images and of classes, [rows] each.
 */
export function nearestPlane(norm: keyof typeof DUAL) {
  const own: VictimStep<Given, { own: tf.Tensor4D; fooled: tf.Tensor1D }> =
    (model) =>
    ({ at, labels }) => {
      const request = { images: at, labels, targets: labels, loss: 'target-ce' } as const;
      const { gradient, logits } = model.gradient(request);
      return { own: gradient, fooled: fools(logits, labels, undefined, model.answers) };
    };

  const other: VictimStep<
    Given & { classes: tf.Tensor1D; own: tf.Tensor4D } & Omit<Plane, 'fooled'>,
    Omit<Plane, 'fooled'>
  > =
    (model) =>
    ({ at, labels, classes, own, ...best }) => {
      const request = { images: at, labels, targets: classes, loss: 'target-ce' } as const;
      const { gradient, logits } = model.gradient(request);
      const [k, y] = [classes, labels].map((which) => classMask(which, model.classes));
      const lead = logits.mul(k.sub(y)).sum<tf.Tensor1D>(1);
      const slope = gradient.sub<tf.Tensor4D>(own);
      const steepness = lengths[DUAL[norm]].length(slope);
      const far = lead.abs().div(steepness.maximum(1e-30));
      const nearer = steepness.greater(0).logicalAnd<tf.Tensor1D>(far.less(best.far));
      return {
        lead: tf.where(nearer, lead, best.lead),
        slope: tf.where(perImage(nearer), slope, best.slope),
        far: tf.where(nearer, far, best.far) as tf.Tensor1D,
      };
    };

  const only: VictimStep<Given & { classes: tf.Tensor1D }, Plane> =
    (model) =>
    ({ at, labels, classes }) => {
      const request = { images: at, labels, targets: classes, loss: 'target-lead' } as const;
      const { gradient: slope, loss, logits } = model.gradient(request);
      const steepness = lengths[DUAL[norm]].length(slope);
      const none = tf.fill([at.shape[0]], FAR);
      const isSteep = steepness.greater(0);
      return {
        lead: tf.where(isSteep, loss, tf.zerosLike(loss)),
        slope,
        far: tf.where(isSteep, loss.abs().div<tf.Tensor1D>(steepness.maximum(1e-30)), none).minimum(none),
        fooled: fools(logits, labels, undefined, model.answers),
      };
    };

  return (victim: Victim, given: Given, classes: readonly tf.Tensor1D[]): Plane =>
    tf.tidy(() => {
      if (classes.length === 1) return victim.compute(only, { ...given, classes: classes[0] });
      const { at, labels } = given;
      const known = victim.compute(own, given);
      let plane: Omit<Plane, 'fooled'> = {
        lead: tf.zerosLike(known.fooled),
        slope: tf.zerosLike(at),
        far: tf.fill([at.shape[0]], FAR),
      };
      for (const which of classes) {
        const next = victim.compute(other, { at, labels, classes: which, own: known.own, ...plane });
        tf.dispose(plane);
        plane = next;
      }
      return { ...plane, fooled: known.fooled };
    });
}

/** The plane on which, to first order, the target's logit equals the largest of the other logits. */
export const planeOfTarget: VictimStep<Given & { targets: tf.Tensor1D }, Pick<Plane, 'lead' | 'slope'>> =
  (model) =>
  ({ at, labels, targets }) => {
    const { gradient, loss } = model.gradient({ images: at, labels, targets, loss: 'target-margin' });
    return { lead: loss, slope: gradient };
  };
