import * as tf from '@tensorflow/tfjs';
import type { AttackBatch, MinimalAttack, VictimModel, VictimStep } from '@weightmap/core';
import { keepNearest, noneNear, type Nearest } from '../harness/_nearest.js';
import { norms } from '../harness/_norms.js';
import { repeat } from '../harness/_repeat.js';
import { rivals } from '../harness/_top-logits.js';
import { fools, perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';
import { ontoPlane } from './_hyperplane.js';
import { nearestPlane, planeOfTarget, type Plane } from './_planes.js';

/** The parameters of FAB, with the letters of its paper. */
export interface FabOptions {
  /** Steps of each search. */
  steps?: number;
  /** α_max: the largest weight of the step from the clean image. */
  alphaMax?: number;
  /** η: the factor by which a step passes the boundary. */
  eta?: number;
  /** β: the share of an adversarial change that the search continues from. */
  beta?: number;
  /**
   * FAB-T: instead of one search for all classes, one search towards each of this many classes, those with the largest logits
   * on the clean image, without the label.
   */
  aims?: number;
}

type Sides = Pick<Plane, 'lead' | 'slope'>;

type State = AttackBatch & Nearest & { readonly at: tf.Tensor4D };

/**
 * Fast adaptive boundary attack on L∞: from x = x_0, with δ(x) the shortest change, within the bounds, that moves x onto the
 * nearest of the planes that approximate the class boundaries to first order at x,
 *
 *     α = min(‖δ(x)‖ / (‖δ(x)‖ + ‖δ(x_0)‖), α_max)
 *     x ← clip((1 − α)(x + η δ(x)) + α (x_0 + η δ(x_0)))
 *
 * If that x is adversarial, it is kept if it is the nearest so far, and x ← (1 − β) x_0 + β x. 100 steps, α_max = 0.1,
 * η = 1.05, β = 0.9; no restarts, and no final search, as in the authors' AutoAttack.
 *
 * With given targets the only plane is the one where the target exceeds the largest of the other logits, initially the
 * label's, and only the target counts as a success; `aims` is ignored.
 *
 * Source: Croce & Hein, “Minimally distorted adversarial examples with a fast adaptive boundary attack”, arXiv:1907.02044,
 * algorithm 1.
 *
 * Tested: on a linear classifier, whose nearest boundary it reaches within 5 %; its steps onto a plane against brute force;
 * against torchattacks.
 */
export const fab = (options: FabOptions = {}): MinimalAttack => fabIn('linf', 'fab', 'FAB', options);

/**
 * Fast adaptive boundary attack in L2: the steps of `fab`, with distances and planes in L2,
 *
 *     x ← clip((1 − α)(x + η δ(x)) + α (x_0 + η δ(x_0)))
 *
 * Source: Croce & Hein, “Minimally distorted adversarial examples with a fast adaptive boundary attack”, arXiv:1907.02044,
 * algorithm 1.
 *
 * Tested: as `fab`.
 */
export const fabL2 = (options: FabOptions = {}): MinimalAttack => fabIn('l2', 'fab-l2', 'FAB L2', options);

function fabIn(
  norm: 'linf' | 'l2',
  id: string,
  label: string,
  { steps = 100, alphaMax = 0.1, eta: η = 1.05, beta: β = 0.9, aims }: FabOptions,
): MinimalAttack {
  const planeAt = nearestPlane(norm);

  const move: VictimStep<State & Sides, Nearest & Pick<State, 'at'>> =
    (model) =>
    ({ images, labels, targets, at: x, lead, slope, ...found }) => {
      const δ = shortest(model, { at: x, from: x, lead, slope });
      const δ0 = shortest(model, { at: x, from: images, lead, slope });
      const [near, far] = [δ, δ0].map((change) => norms[norm].length(change).maximum(1e-8));
      const α = perImage(near.div(near.add(far)).minimum<tf.Tensor1D>(alphaMax));
      const next = x
        .add(δ.mul(η))
        .mul(tf.sub(1, α))
        .add(images.add(δ0.mul(η)).mul(α))
        .clipByValue(...model.bounds) as tf.Tensor4D;
      const hit = fools(model.logits(next), labels, targets, model.answers);
      const changes = next.sub<tf.Tensor4D>(images);
      const kept = tf.where(perImage(hit).greater(0), changes.mul<tf.Tensor4D>(β), changes);
      return {
        ...keepNearest(found, { images: next, length: norms[norm].length(changes), hit }),
        at: images.add(kept),
      };
    };

  /** The shortest change that moves `from` onto the plane that was found at `at`. */
  function shortest(
    { bounds }: VictimModel,
    { at, from, lead, slope }: Sides & { at: tf.Tensor4D; from: tf.Tensor4D },
  ): tf.Tensor4D {
    const gained = slope.mul(at.sub(from)).sum<tf.Tensor1D>([1, 2, 3]);
    return ontoPlane(norm, from, { normal: slope, need: gained.sub(lead) }, bounds);
  }

  return judgedMinimal({
    id,
    label,
    norm,
    kind: 'minimal',
    strengthUnit: 'epsilon',
    targeted: true,
    usesGradient: true,
    source: 'Croce & Hein, arXiv:1907.02044',
    nearest(victim, batch) {
      const { images, labels, targets } = batch;
      const search = (found: Nearest, planeFrom: (at: tf.Tensor4D) => Sides): Nearest => {
        const start: State = { ...batch, ...found, at: images };
        const end = repeat(start, steps, (state) => {
          const { lead, slope } = planeFrom(state.at);
          return victim.compute(move, { ...state, lead, slope });
        });
        return { nearest: end.nearest, distance: end.distance };
      };
      if (targets)
        return search(noneNear(images), (at) => victim.compute(planeOfTarget, { at, labels, targets }))
          .nearest;
      const classes = rivals(victim, images, labels, aims ?? victim.classes - 1);
      const searches = aims === undefined ? [classes] : classes.map((one) => [one]);
      return searches.reduce(
        (found, towards) => tf.tidy(() => search(found, (at) => planeAt(victim, { at, labels }, towards))),
        noneNear(images),
      ).nearest;
    },
  });
}
