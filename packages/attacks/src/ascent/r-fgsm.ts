import * as tf from '@tensorflow/tfjs';
import type { Attack, AttackBatch, VictimStep } from '@weightmap/core';
import { eachStrength } from '../harness/_each-strength.js';
import { confinedTo, norms } from '../harness/_norms.js';
import { judged } from '../harness/evaluate.js';
import { aimed } from '../harness/losses.js';

/** The random share of the step. */
export interface RFgsmOptions {
  /** α / ε: the random share of the step, in [0, 1]. The default gives α = 0.05 at ε = 0.3. */
  randomShare?: number;
}

type Inputs = AttackBatch & { readonly signs: tf.Tensor4D; readonly epsilon: tf.Scalar };

/**
 * Fast gradient sign method after a random step: x′ = clip(x + α · sign n) with n ~ N(0, 1) in every component, then
 * clip(x′ + (ε − α) · sign ∇ CE(logits(x′), y)).
 *
 * The random step leaves the flat surroundings of the data that adversarial training can create (gradient masking). All ε
 * share one draw of n. With targets it moves against the gradient of CE(logits(x′), t).
 *
 * Source: Tramèr et al., “Ensemble adversarial training”, arXiv:1705.07204, eq. 7.
 *
 * Tested: against the formula in plain loops; without a random share it equals FGSM.
 */
export function rFgsm({ randomShare = 1 / 6 }: RFgsmOptions = {}): Attack {
  const step: VictimStep<Inputs, { result: tf.Tensor4D }> =
    (model) =>
    ({ images, labels, targets, signs, epsilon: ε }) => {
      const confine = confinedTo('linf', model);
      const α = ε.mul(randomShare);
      const started = confine(images.add(signs.mul(α)), images, ε);
      const loss = aimed('ce', targets !== undefined);
      const { gradient } = model.gradient({ images: started, labels, targets, loss });
      const rest = norms.linf.normalize(gradient).mul(ε.sub(α));
      return { result: confine(started.add(rest), images, ε) };
    };
  return judged({
    id: 'r-fgsm',
    label: 'R+FGSM',
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm: 'linf',
    targeted: true,
    usesGradient: true,
    source: 'Tramèr et al., arXiv:1705.07204',
    perturb: (victim, batch, options) =>
      eachStrength(batch.images, options, (strength, random) =>
        tf.tidy(() => {
          const { size, shape } = batch.images;
          const signs = tf.tensor4d(random.normals(size).map(Math.sign), shape);
          return victim.compute(step, { ...batch, signs, epsilon: tf.scalar(strength) }).result;
        }),
      ),
  });
}
