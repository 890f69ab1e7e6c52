import type * as tf from '@tensorflow/tfjs';
import type { Defense, Objective } from '@weightmap/core';
import { WeightmapError } from '@weightmap/core';
import { z } from 'zod';
import { identityOf, optionsOf } from './_options.js';
import { softCrossEntropy } from './_soft-labels.js';

const id = 'defensive-distillation';

/** Options of defensive distillation. */
export interface DefensiveDistillationOptions {
  /** Temperature T that the logits of teacher and student are divided by in training. */
  readonly temperature: number;
}

const schema = z.strictObject({ temperature: z.number().min(1).max(1000).default(100) });

/** The cross-entropy of logits divided by the temperature: what the teacher is trained with. */
const atTemperature = (temperature: number): Objective => ({
  identity: identityOf('temperature', { temperature }),
  loss: (net, { images, labels }) => net.crossEntropy(net.logits(images).div(temperature), labels),
});

/**
 * Defensive distillation: a teacher is trained at temperature T, a student of the same architecture on the teacher's
 * probabilities at the same temperature, and the student is used at temperature 1,
 *
 *     −Σ_c softmax(z_teacher(x) / T)_c · log softmax(z(x) / T)_c,   T = 100
 *
 * The teacher is in inference mode. (ART's version omits the student's T ✓, which makes it another method.)
 * No strength switches it off: at temperature 1 the student still learns the teacher's probabilities instead of the labels.
 *
 * Source: Papernot, McDaniel, Wu, Jha & Swami, “Distillation as a defense to adversarial perturbations against deep neural
 * networks”, arXiv:1511.04508. Published for MNIST: success of JSMA from 95.9 to 0.5 % (○).
 *
 * Known break: Carlini & Wagner, arXiv:1608.04644 (✓): 96–100 % success. The student's logits are about T times as large (482
 * against 5.8), so that the cross-entropy's gradient is 0 in float32, and that is all: losses of the logits themselves (margin,
 * DLR), logits divided by T, other networks' images and Square succeed. It is the positive control of the masking checks.
 */
export const defensiveDistillation: Defense<DefensiveDistillationOptions> = {
  id,
  label: 'Defensive distillation',
  source: 'Papernot et al., arXiv:1511.04508',
  kinds: ['objective', 'teacher'],
  optimisesAtTest: false,
  isRandom: false,
  strength: null,
  ...optionsOf<DefensiveDistillationOptions>(id, schema),
  gradients: () => 1,
  teachers: ({ temperature }) => [
    { id: 'teacher', seedName: 'teacher', objective: () => atTemperature(temperature) },
  ],
  objective({ options, teachers: [teacher] }) {
    if (!teacher)
      throw new WeightmapError(`The defence ${id} has no teacher.`, {
        expected: 'the trained network of `teachers`',
      });
    const { temperature } = options;
    return {
      identity: identityOf(id, options),
      prepare: (_net, { images }) => ({ soft: teacher.logits(images).div(temperature).softmax() }),
      loss: (net, { images }, { soft }) =>
        softCrossEntropy(net.logits(images).div(temperature), soft as tf.Tensor2D),
    };
  },
  adaptive: [
    {
      attack: 'apgd-margin',
      why: 'the margin of the logits keeps its slope where the cross-entropy is saturated',
    },
    { attack: 'apgd-dlr', why: 'it does not depend on the scale of the logits' },
    { attack: 'carlini-wagner', why: 'the attack that broke it' },
    { attack: 'square', why: 'it needs no gradient' },
  ],
};
