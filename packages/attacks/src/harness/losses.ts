import * as tf from '@tensorflow/tfjs';
import { WeightmapError, type LossName } from '@weightmap/core';
import { crossEntropy } from './_cross-entropy.js';
import { abstaining, classMask, topLogits } from './_top-logits.js';

/** A loss of each image's classification, which an attack maximises. */
export interface Loss {
  /** Whether it grows towards a target, instead of away from the label. */
  readonly targeted: boolean;
  /** The smallest number of classes for which it is defined. */
  readonly minClasses: number;
  /**
   * @param logits [batch, classes]
   * @param labels [batch], int32
   * @param targets [batch], int32; losses without a target ignore them.
   * @param answers classes that count as an answer, the first ones; all by default.
   * @returns [batch]
   */
  of(logits: tf.Tensor2D, labels: tf.Tensor1D, targets: tf.Tensor1D, answers?: number): tf.Tensor1D;
}

/** Keeps a denominator above 0. */
const FLOOR = 1e-12;

/**
 * The losses that attacks can maximise, by name. z are the logits, y is the label, t the target, and π sorts the logits in
 * descending order.
 *
 * - `ce`: softmax cross-entropy, log Σ_j e^{z_j} − z_y, computed so that its gradient does not vanish for confident predictions;
 * - `margin`: max_{i≠y} z_i − z_y, positive if the image is misclassified (Carlini & Wagner, arXiv:1608.04644);
 * - `dlr`: difference of logits ratio, −(z_y − max_{i≠y} z_i) / (z_π1 − z_π3 + 1e-12), invariant to shifting and scaling the
 *   logits; for 3 classes or more (Croce & Hein, arXiv:2003.01690, eq. 6);
 * - `target-ce`: −(log Σ_j e^{z_j} − z_t);
 * - `target-margin`: z_t − max_{i≠t} z_i, positive if the image is classified as the target;
 * - `target-lead`: z_t − z_y;
 * - `dlr-targeted`: −(z_y − z_t) / (z_π1 − (z_π3 + z_π4) / 2 + 1e-12), for 4 classes or more (ibid., eq. 7);
 * - `answer-margin`: the margin of the answers alone, classes that abstain left out; the same as `margin` where none does;
 * - `suspicion`: max z over the classes that abstain − max z over the others, positive if the classifier abstains; −1 if it
 *   can't.
 *
 * Where some classes abstain, the maximum over i ≠ y in `margin`, `dlr` and the margin of z_y behind it count only answers, and
 * abstaining defends as the label does: max_{i≠y, i answers} z_i − max(z_y, max z over those that abstain). So these losses are
 * positive only if a wrong answer is given.
 */
export const losses: Readonly<Record<LossName, Loss>> = {
  ce: { targeted: false, minClasses: 2, of: crossEntropy },
  margin: {
    targeted: false,
    minClasses: 2,
    of: (z, y, _t, answers) => behindLargest(z, y, answers),
  },
  dlr: {
    targeted: false,
    minClasses: 3,
    of(z, y, _t, answers) {
      const [first, , third] = topLogits(z, 3);
      return behindLargest(z, y, answers).div(first.sub(third).add(FLOOR));
    },
  },
  'target-ce': { targeted: true, minClasses: 2, of: (z, _y, t) => crossEntropy(z, t).neg() },
  'target-margin': {
    targeted: true,
    minClasses: 2,
    of: (z, _y, t) => tf.sub<tf.Tensor1D>(logitOf(z, t), largestOther(z, t)),
  },
  'target-lead': {
    targeted: true,
    minClasses: 2,
    of: (z, y, t) => tf.sub<tf.Tensor1D>(logitOf(z, t), logitOf(z, y)),
  },
  'dlr-targeted': {
    targeted: true,
    minClasses: 4,
    of(z, y, t) {
      const [first, , third, fourth] = topLogits(z, 4);
      const behind = logitOf(z, t).sub(logitOf(z, y));
      return behind.div(first.sub(third.add(fourth).div(2)).add(FLOOR));
    },
  },
  'answer-margin': {
    targeted: false,
    minClasses: 2,
    of(z, y, _t, answers = z.shape[1]) {
      const out = classMask(y, z.shape[1]).maximum<tf.Tensor2D>(abstaining(z.shape[1], answers));
      return tf.sub<tf.Tensor1D>(topLogits(z, 1, out)[0], logitOf(z, y));
    },
  },
  suspicion: {
    targeted: false,
    minClasses: 2,
    of(z, _y, _t, answers = z.shape[1]) {
      if (answers === z.shape[1]) return z.mul(0).sum<tf.Tensor1D>(1).sub(1);
      const out = abstaining(z.shape[1], answers);
      const [refusal] = topLogits(z, 1, everyRow(z, tf.sub<tf.Tensor2D>(1, out)));
      const [answer] = topLogits(z, 1, everyRow(z, out));
      return refusal.sub(answer);
    },
  },
};

/**
 * Checks that a loss is defined for a number of classes.
 *
 * @throws WeightmapError if it is not.
 */
export function checkLoss(name: LossName, classes: number): void {
  const { minClasses } = losses[name];
  if (classes < minClasses)
    throw new WeightmapError(`The loss ${name} is not defined for ${classes} classes.`, {
      expected: `${minClasses} classes or more`,
      fix: 'use the loss margin, or ce',
    });
}

/** The loss to maximise: with targets, the targeted loss that corresponds to `name`; without, `name` itself. */
export const aimed = (name: LossName, hasTargets: boolean): LossName =>
  hasTargets ? (AIMED[name] ?? name) : name;

const AIMED: Partial<Record<LossName, LossName>> = {
  ce: 'target-ce',
  margin: 'target-margin',
  'answer-margin': 'target-margin',
  dlr: 'dlr-targeted',
};

const logitOf = (logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D =>
  logits.mul(classMask(labels, logits.shape[1])).sum(1);

/** How far the largest other answer is ahead of the label, and of the classes that abstain. */
function behindLargest(z: tf.Tensor2D, y: tf.Tensor1D, answers = z.shape[1]): tf.Tensor1D {
  if (answers === z.shape[1]) return tf.sub<tf.Tensor1D>(largestOther(z, y), logitOf(z, y));
  const right = classMask(y, z.shape[1]).maximum<tf.Tensor2D>(abstaining(z.shape[1], answers));
  const [wrong] = topLogits(z, 1, right);
  const [safe] = topLogits(z, 1, tf.sub<tf.Tensor2D>(1, right));
  return wrong.sub(safe);
}

const everyRow = (z: tf.Tensor2D, mask: tf.Tensor2D): tf.Tensor2D => mask.tile([z.shape[0], 1]);

const largestOther = (logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D =>
  topLogits(logits, 1, classMask(labels, logits.shape[1]))[0];
