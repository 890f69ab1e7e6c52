import * as tf from '@tensorflow/tfjs';
import type { Victim, VictimStep } from '@weightmap/core';
import { FAR } from '../harness/_nearest.js';
import { lengths } from '../harness/_norms.js';
import { classMask, topClasses } from '../harness/_top-logits.js';
import { fools, perImage } from '../harness/_worst.js';

/**
 * The plane where, to first order, a class k comes to lead over the label y: lead + slope · (x′ − x) = 0, of all classes
 * that of the nearest plane.
 */
export type Plane = {
  /** [rows], z_k − z_y */
  readonly lead: tf.Tensor1D;
  /** [rows, height, width, channels], ∇(z_k − z_y) */
  readonly slope: tf.Tensor4D;
  /** [rows], how far the plane is: |lead| / ‖slope‖ in the dual norm. Larger than every length if the slope is 0. */
  readonly far: tf.Tensor1D;
  /** [rows], 1 where x itself fools. */
  readonly fooled: tf.Tensor1D;
};

/** The norm in which a slope is measured, if changes are measured in the other. */
const DUAL = { linf: 'l1', l2: 'l2' } as const;

type Given = {
  readonly at: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
};

/**
 * Finds the nearest of the planes of several classes. Made once an attack.
 *
 * The losses are those of `target-ce`, log softmax: their differences are those of the logits, whichever class leads.
 *
 * @returns a function of the images' places and [rows] classes each.
 */
export function nearestPlane(norm: keyof typeof DUAL) {
  const own: VictimStep<Given, { own: tf.Tensor4D; fooled: tf.Tensor1D }> =
    (model) =>
    ({ at, labels }) => {
      const { gradient, logits } = model.gradient({
        ...{ images: at, labels, targets: labels },
        loss: 'target-ce',
      });
      return { own: gradient, fooled: fools(logits, labels) };
    };

  const other: VictimStep<
    Given & { classes: tf.Tensor1D; own: tf.Tensor4D } & Omit<Plane, 'fooled'>,
    Omit<Plane, 'fooled'>
  > =
    (model) =>
    ({ at, labels, classes, own, ...best }) => {
      const { gradient, logits } = model.gradient({
        ...{ images: at, labels, targets: classes },
        loss: 'target-ce',
      });
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

  return (victim: Victim, given: Given, classes: readonly tf.Tensor1D[]): Plane =>
    tf.tidy(() => {
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

/** The plane where, to first order, the target comes to lead over the largest of the other logits. */
export const planeOfTarget: VictimStep<Given & { targets: tf.Tensor1D }, Pick<Plane, 'lead' | 'slope'>> =
  (model) =>
  ({ at, labels, targets }) => {
    const { gradient, loss } = model.gradient({ images: at, labels, targets, loss: 'target-margin' });
    return { lead: loss, slope: gradient };
  };

/** The classes of the largest logits but the label's, from the largest down: [batch] of int32 each. */
export function rivals(
  victim: Victim,
  images: tf.Tensor4D,
  labels: tf.Tensor1D,
  count: number,
): tf.Tensor1D[] {
  const logits = victim.logits(images);
  return topClasses(logits, Math.min(count, victim.classes - 1), classMask(labels, victim.classes));
}
