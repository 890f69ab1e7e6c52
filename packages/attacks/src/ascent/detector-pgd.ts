import * as tf from '@tensorflow/tfjs';
import type { Attack, AttackInfo, VictimStep } from '@weightmap/core';
import { eachStrength } from '../harness/_each-strength.js';
import { confinedTo, nonZero, signOf } from '../harness/_norms.js';
import { repeat } from '../harness/_repeat.js';
import { fools, keepWorst, nothingFound, perImage, type Worst } from '../harness/_worst.js';
import { judged } from '../harness/evaluate.js';
import { losses } from '../harness/losses.js';
import { checkCount, checkReach } from './_ascent.js';

/** Number and length of the steps, and how far a wrong class must be ahead. */
export interface DetectorPgdOptions {
  /** Number of gradient steps. */
  steps?: number;
  /** Length of a step as a share of ε. All steps together must be at least ε long. */
  relativeStep?: number;
  /** Logit margin up to which an image counts as classified correctly, so that steps against the detector don't lose it. */
  margin?: number;
}

type State = Worst & {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  readonly at: tf.Tensor4D;
};

/**
 * Selective projected gradient descent (S-PGD), against a classifier that may reject an image: each step raises the margin of a
 * wrong class while the classification is right, and else lowers the suspicion, which is the logit of the classes that abstain
 * beside the largest answer's,
 *
 *     x ← clip(project(x + a · sign g)),   g = ∇m(x) if m(x) < 0.05, else −∇s(x)
 *
 * with m the loss `answer-margin` and s the loss `suspicion`. 100 steps of ε/10 by default; the authors take 1,000. The result
 * is the least suspicious image that is classified wrongly, an accepted one before a rejected one.
 *
 * Note: without classes that abstain s is constant, and it is a PGD that stops at the first wrong class.
 *
 * Source: Bryniarski, Hingun, Pachuca, Wang & Carlini, “Evading adversarial example detection defenses with orthogonal
 * projected gradient descent”, arXiv:2106.15023; `attack.py` of its code.
 *
 * Tested: against its steps in plain loops; on a detector that PGD on the network alone does not pass.
 */
export const selectivePgd = (options: DetectorPgdOptions = {}): Attack =>
  detectorPgd('selective-pgd', 'Selective PGD', (gradient) => gradient, options);

/**
 * Orthogonal projected gradient descent (O-PGD), against a classifier that may reject an image: as `selectivePgd`, but each
 * gradient is first made orthogonal to the other one, so that a step for one aim leaves the other as it is, to first order,
 *
 *     g⊥ = g − (⟨g, h⟩ / ⟨h, h⟩) · h,   h the other gradient
 *
 * 100 steps of ε/10 by default; the authors take 1,000.
 *
 * Source: Bryniarski et al., “Evading adversarial example detection defenses with orthogonal projected gradient descent”,
 * arXiv:2106.15023; `attack.py` of its code.
 *
 * Tested: against its steps in plain loops; on a detector that PGD on the network alone does not pass.
 */
export const orthogonalPgd = (options: DetectorPgdOptions = {}): Attack =>
  detectorPgd(
    'orthogonal-pgd',
    'Orthogonal PGD',
    (gradient, other) => {
      const [inner, square] = [gradient, other].map((x) => x.mul(other).sum([1, 2, 3], true));
      return gradient.sub(other.mul(inner.div(nonZero(square))));
    },
    options,
  );

type Combine = (gradient: tf.Tensor4D, other: tf.Tensor4D) => tf.Tensor4D;

function detectorPgd(
  id: AttackInfo['id'],
  label: string,
  combine: Combine,
  { steps = 100, relativeStep = Math.max(0.1, 2.5 / steps), margin = 0.05 }: DetectorPgdOptions,
): Attack {
  checkCount(steps, 'steps');
  checkReach(steps, relativeStep, 1, 'ε');

  const move: VictimStep<State & { epsilon: tf.Tensor; size: tf.Tensor }, Worst & { at: tf.Tensor4D }> =
    (model) =>
    ({ images, labels, at, epsilon, size, ...worst }) => {
      const wrong = model.gradient({ images: at, labels, loss: 'answer-margin' });
      const seen = model.gradient({ images: at, labels, loss: 'suspicion' });
      const [up, down] = [wrong.gradient, seen.gradient.neg<tf.Tensor4D>()];
      const isRight = wrong.loss.less<tf.Tensor1D>(margin);
      const g = tf.where(perImage(isRight), combine(up, down), combine(down, up));
      const hit = fools(wrong.logits, labels, undefined, model.answers);
      return {
        ...keepWorst(worst, { images: at, loss: rankOf(wrong.loss, seen.loss), hit }, { stop: false }),
        at: confinedTo('linf', model)(at.add(signOf(g).mul(size)), images, epsilon),
      };
    };

  const look: VictimStep<State, Worst> =
    (model) =>
    ({ labels, at, images: _, ...worst }) => {
      const logits = model.logits(at);
      const [wrong, seen] = (['answer-margin', 'suspicion'] as const).map((loss) =>
        losses[loss].of(logits, labels, labels, model.answers),
      );
      const hit = fools(logits, labels, undefined, model.answers);
      return keepWorst(worst, { images: at, loss: rankOf(wrong, seen), hit }, { stop: false });
    };

  return judged({
    id,
    label,
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm: 'linf',
    targeted: false,
    usesGradient: true,
    source: 'Bryniarski et al., arXiv:2106.15023',
    perturb: (victim, { images, labels }, options) =>
      eachStrength(images, options, (strength) => {
        const [epsilon, size] = [tf.scalar(strength), tf.scalar(relativeStep * strength)];
        const start: State = { ...nothingFound(images), images, labels, at: images };
        const end = repeat(start, steps, (state) => victim.compute(move, { ...state, epsilon, size }));
        return victim.compute(look, end).found;
      }),
  });
}

/** Below every suspicion that counts. */
const RIGHT = -1e6;

/** Orders images: those classified wrongly before the others, less suspicious ones first; then by their margin. */
const rankOf = (margin: tf.Tensor1D, suspicion: tf.Tensor1D): tf.Tensor1D =>
  tf.where(margin.greater(0), suspicion.neg<tf.Tensor1D>(), margin.add<tf.Tensor1D>(RIGHT));
