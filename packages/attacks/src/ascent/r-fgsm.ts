import * as tf from '@tensorflow/tfjs';
import type { Attack, VictimStep } from '@weightmap/core';
import { confinedTo } from './_ascent.js';
import { eachStrength } from '../harness/_each-strength.js';
import { norms } from '../harness/_norms.js';
import { judged } from '../harness/evaluate.js';
import { aimed } from '../harness/losses.js';

/** How much of the step is random. */
export interface RFgsmOptions {
  /** α / ε: how much of the way is random, in [0, 1]. The default is α = 0.05 at ε = 0.3. */
  randomShare?: number;
}

/**
 * Fast gradient sign method after a random step:
 * x′ = clip(x + α · sign n) with n ~ N(0, 1) in every component, then clip(x′ + (ε − α) · sign ∇ CE(logits(x′), y)).
 *
 * The random step leads away from the flat surroundings of the data that adversarial training can make (gradient
 * masking). All ε share one draw of n. With targets it goes against the gradient of CE(logits(x′), t).
 *
 * Source: Tramèr et al., “Ensemble adversarial training”, arXiv:1705.07204, eq. 7.
 *
 * Tested: against the formula in plain loops; without a random share it is FGSM.
 */
export function rFgsm({ randomShare = 1 / 6 }: RFgsmOptions = {}): Attack {
  const step: VictimStep<RFgsmInputs, { result: tf.Tensor4D }> =
    (model) =>
    ({ images, labels, targets, signs, epsilon }) => {
      const confine = confinedTo('linf', model);
      const alpha = epsilon.mul(randomShare);
      const started = confine(images.add(signs.mul(alpha)), images, epsilon);
      const loss = aimed('ce', targets !== undefined);
      const { gradient } = model.gradient({ images: started, labels, targets, loss });
      const rest = norms.linf.normalize(gradient).mul(epsilon.sub(alpha));
      return { result: confine(started.add(rest), images, epsilon) };
    };
  return judged({
    id: 'r-fgsm',
    label: 'R+FGSM',
    kind: 'fixed',
    strength: 'epsilon',
    norm: 'linf',
    targeted: true,
    usesGradient: true,
    source: 'Tramèr et al., arXiv:1705.07204',
    perturb: (victim, images, labels, options) =>
      eachStrength(images, options, (strength, random) =>
        tf.tidy(() => {
          const signs = tf.tensor4d(random.normals(images.size).map(Math.sign), images.shape);
          const { targets } = options;
          const aim = targets ? { targets } : {};
          const inputs = { images, labels, ...aim, signs, epsilon: tf.scalar(strength) };
          return victim.compute(step, inputs).result;
        }),
      ),
  });
}

type RFgsmInputs = {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  readonly targets?: tf.Tensor1D;
  readonly signs: tf.Tensor4D;
  readonly epsilon: tf.Scalar;
};
