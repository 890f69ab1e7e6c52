import * as tf from '@tensorflow/tfjs';
import type { AttackBatch, MinimalAttack, VictimStep } from '@weightmap/core';
import { keepNearest, noneNear, type Nearest } from '../harness/_nearest.js';
import { norms, nonZero } from '../harness/_norms.js';
import { repeat } from '../harness/_repeat.js';
import { fools, perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';
import { aimed } from '../harness/losses.js';

/** Number of steps, and how fast the length of the change varies. */
export interface DdnOptions {
  /** Number of gradient steps. */
  steps?: number;
  /** γ: the share by which the length changes in each step. */
  gamma?: number;
  /** The length of the first change, as a share of the bounds' width. */
  initialNorm?: number;
}

type State = AttackBatch &
  Nearest & {
    /** x */
    readonly at: tf.Tensor4D;
    /** ε, [batch] */
    readonly radius: tf.Tensor1D;
    /** [batch], the distance from the image to the farthest corner of the bounds. */
    readonly farthest: tf.Tensor1D;
  };

/**
 * Decoupled direction and norm, an attack in L2: the gradient gives the direction of the change, and its length ε shrinks
 * by γ if the image is adversarial, and grows by γ if not,
 *
 *     δ ← δ + α ∇ₓ CE / ‖∇ₓ CE‖₂,   ε ← (1 ∓ γ) ε,   x ← clip(x_0 + ε δ / ‖δ‖₂)
 *
 * with α falling from 1 to 0.01 along a cosine, and ε at most the distance to the farthest corner of the bounds. 100 steps,
 * γ = 0.05, and ε = 1 at first; α and the first ε are for pixels in [0, 1], and scale with the width of other bounds. The
 * pixels are not rounded to the 256 levels of an 8-bit image.
 *
 * Source: Rony et al., “Decoupling direction and norm for efficient gradient-based L2 adversarial attacks and defenses”,
 * arXiv:1811.09600, algorithm 1.
 *
 * Tested: against algorithm 1 in plain loops; on a linear classifier, whose nearest boundary it reaches within 5 %; against
 * Foolbox.
 */
export function ddn({ steps = 100, gamma: γ = 0.05, initialNorm = 1 }: DdnOptions = {}): MinimalAttack {
  const move: VictimStep<State & { alpha: tf.Scalar }, Nearest & Pick<State, 'at' | 'radius'>> =
    (model) =>
    ({ images, labels, targets, at: x, radius, farthest, alpha: α, ...found }) => {
      const loss = aimed('ce', targets !== undefined);
      const { gradient, logits } = model.gradient({ images: x, labels, targets, loss });
      const hit = fools(logits, labels, targets, model.answers);
      const changes = x.sub<tf.Tensor4D>(images);
      const δ = changes.add<tf.Tensor4D>(norms.l2.normalize(gradient).mul(α));
      const ε = radius.mul<tf.Tensor1D>(tf.sub(1 + γ, hit.mul(2 * γ))).minimum<tf.Tensor1D>(farthest);
      const scaled = δ.mul(perImage(ε).div(nonZero(perImage(norms.l2.length(δ)))));
      return {
        ...keepNearest(found, { images: x, length: norms.l2.length(changes), hit }),
        at: images.add(scaled).clipByValue(...model.bounds) as tf.Tensor4D,
        radius: ε,
      };
    };

  return judgedMinimal({
    id: 'ddn',
    label: 'DDN',
    kind: 'minimal',
    strengthUnit: 'epsilon',
    norm: 'l2',
    targeted: true,
    usesGradient: true,
    source: 'Rony et al., arXiv:1811.09600',
    nearest(victim, batch) {
      const { images } = batch;
      const [low, high] = victim.bounds;
      const start: State = {
        ...batch,
        ...noneNear(images),
        at: images,
        radius: tf.fill([images.shape[0]], initialNorm * (high - low)),
        farthest: norms.l2.length(images.sub(low).maximum(tf.sub(high, images))),
      };
      const { nearest } = repeat(start, steps, (state, index) => {
        const α = 0.01 + (0.99 * (1 + Math.cos((Math.PI * index) / steps))) / 2;
        return victim.compute(move, { ...state, alpha: tf.scalar(α * (high - low)) });
      });
      return nearest;
    },
  });
}
