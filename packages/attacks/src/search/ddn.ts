import * as tf from '@tensorflow/tfjs';
import type { MinimalAttack, VictimStep } from '@weightmap/core';
import { keepNearest, noneNear, type Nearest } from '../harness/_nearest.js';
import { norms, nonZero } from '../harness/_norms.js';
import { repeat } from '../harness/_repeat.js';
import { fools, perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';
import { aimed } from '../harness/losses.js';

/** How many steps, and how fast the length of the change may alter. */
export interface DdnOptions {
  /** Gradients, each followed by a step. */
  steps?: number;
  /** γ: by which share the length changes from step to step. */
  gamma?: number;
  /** The length of the first change, as a share of the bounds' width. */
  initialNorm?: number;
}

/**
 * Decoupled direction and norm, an attack in L2: the gradient chooses the direction of the change, and its length ε
 * shrinks by γ where the image fools, and grows by γ where it doesn't,
 *
 *     δ ← δ + α ∇ₓ CE / ‖∇ₓ CE‖₂,   ε ← (1 ∓ γ) ε,   x ← clip(x_0 + ε δ / ‖δ‖₂)
 *
 * with α falling from 1 to 0.01 along a cosine, and ε no larger than the farthest corner of the bounds is. 100 steps,
 * γ = 0.05, ε = 1 at first; α and the first ε are for pixels in [0, 1], in other bounds the same share of their width. The
 * pixels are not rounded to the 256 levels of an 8-bit image.
 *
 * Source: Rony et al., “Decoupling direction and norm for efficient gradient-based L2 adversarial attacks and defenses”,
 * arXiv:1811.09600, algorithm 1.
 *
 * Tested: against algorithm 1 in plain loops, and on a linear classifier, whose nearest boundary it reaches within 5
 * %; against Foolbox.
 */
export function ddn({ steps = 100, gamma = 0.05, initialNorm = 1 }: DdnOptions = {}): MinimalAttack {
  const move: VictimStep<State & { alpha: tf.Scalar }, Nearest & Pick<State, 'at' | 'radius'>> =
    (model) =>
    ({ images, labels, targets, at, radius, farthest, alpha, ...found }) => {
      const [low, high] = model.bounds;
      const loss = aimed('ce', targets !== undefined);
      const { gradient, logits } = model.gradient({ images: at, labels, targets, loss });
      const hit = fools(logits, labels, targets);
      const changes = at.sub<tf.Tensor4D>(images);
      const next = changes.add<tf.Tensor4D>(norms.l2.normalize(gradient).mul(alpha));
      const length = perImage(norms.l2.length(next));
      const longer = radius
        .mul<tf.Tensor1D>(tf.sub(1 + gamma, hit.mul(2 * gamma)))
        .minimum<tf.Tensor1D>(farthest);
      const scaled = next.mul(perImage(longer).div(nonZero(length)));
      return {
        ...keepNearest(found, { images: at, length: norms.l2.length(changes), hit }),
        at: images.add(scaled).clipByValue(low, high) as tf.Tensor4D,
        radius: longer,
      };
    };

  return judgedMinimal({
    id: 'ddn',
    label: 'DDN',
    kind: 'minimal',
    strength: 'epsilon',
    norm: 'l2',
    targeted: true,
    usesGradient: true,
    source: 'Rony et al., arXiv:1811.09600',
    nearest(victim, images, labels, { targets }) {
      const [low, high] = victim.bounds;
      const start: State = {
        ...{ ...noneNear(images), images, labels, ...(targets && { targets }), at: images },
        radius: tf.fill([images.shape[0]], initialNorm * (high - low)),
        farthest: norms.l2.length(images.sub(low).maximum(tf.sub(high, images))),
      };
      const { nearest } = repeat(start, steps, (state, index) => {
        const alpha = 0.01 + (0.99 * (1 + Math.cos((Math.PI * index) / steps))) / 2;
        return victim.compute(move, { ...state, alpha: tf.scalar(alpha * (high - low)) });
      });
      return nearest;
    },
  });
}

type State = Nearest & {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  readonly targets?: tf.Tensor1D;
  readonly at: tf.Tensor4D;
  /** [batch], ε */
  readonly radius: tf.Tensor1D;
  /** [batch], from the image to the farthest corner of the bounds. */
  readonly farthest: tf.Tensor1D;
};
