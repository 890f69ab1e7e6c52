import * as tf from '@tensorflow/tfjs';
import type { MinimalAttack, VictimModel, VictimStep } from '@weightmap/core';
import { ontoPlane } from './_hyperplane.js';
import { keepNearest, noneNear, type Nearest } from '../harness/_nearest.js';
import { norms } from '../harness/_norms.js';
import { nearestPlane, planeOfTarget, rivals, type Plane } from './_planes.js';
import { repeat } from '../harness/_repeat.js';
import { fools, perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';

/** The steps of FAB, by the letters of its paper. */
export interface FabOptions {
  /** Steps of each search. */
  steps?: number;
  /** α_max: the most that a step is drawn towards the clean image. */
  alphaMax?: number;
  /** η: by which factor a step passes the boundary. */
  eta?: number;
  /** β: which share of a change that fools is kept. */
  beta?: number;
  /**
   * FAB-T: instead of one search for all classes, one towards each of so many classes of largest logits on the clean image,
   * the label left out.
   */
  aims?: number;
}

/**
 * Fast adaptive boundary attack on L∞: from x = x_0, with δ(x) the shortest way from x, within the bounds, onto the nearest
 * of the planes that are the classes' boundaries to first order at x,
 *
 *     α = min(‖δ(x)‖ / (‖δ(x)‖ + ‖δ(x_0)‖), α_max)
 *     x ← clip((1 − α)(x + η δ(x)) + α (x_0 + η δ(x_0)))
 *
 * and where that fools, it is kept if it is the nearest so far, and x ← (1 − β) x_0 + β x. 100 steps, α_max = 0.1,
 * η = 1.05, β = 0.9; no restarts, and no final search, as in the authors' AutoAttack.
 *
 * With targets given the plane is that alone where the target comes to lead over the largest of the other logits, which
 * is the label's at first, and only the target counts; `aims` has no say then.
 *
 * Source: Croce & Hein, “Minimally distorted adversarial examples with a fast adaptive boundary attack”, arXiv:1907.02044,
 * algorithm 1.
 *
 * Tested: on a linear classifier, whose nearest boundary it reaches within 5 %; its ways onto a plane against brute
 * force; against torchattacks.
 */
export const fab = (options: FabOptions = {}): MinimalAttack => fabIn('linf', 'fab', 'FAB', options);

/**
 * Fast adaptive boundary attack in L2: the steps of `fab` with lengths and planes measured in L2,
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
  { steps = 100, alphaMax = 0.1, eta = 1.05, beta = 0.9, aims }: FabOptions,
): MinimalAttack {
  const planeAt = nearestPlane(norm);

  const move: VictimStep<State & Pick<Plane, 'lead' | 'slope'>, Nearest & Pick<State, 'at'>> =
    (model) =>
    ({ images, labels, targets, at, lead, slope, ...found }) => {
      const here = shortest(model, { at, from: at, lead, slope });
      const there = shortest(model, { at, from: images, lead, slope });
      const [near, far] = [here, there].map((change) => norms[norm].length(change).maximum(1e-8));
      const alpha = perImage(near.div(near.add(far)).minimum<tf.Tensor1D>(alphaMax));
      const next = at
        .add(here.mul(eta))
        .mul(tf.sub(1, alpha))
        .add(images.add(there.mul(eta)).mul(alpha))
        .clipByValue(...model.bounds) as tf.Tensor4D;
      const hit = fools(model.logits(next), labels, targets);
      const changes = next.sub<tf.Tensor4D>(images);
      const kept = tf.where(perImage(hit).greater(0), changes.mul<tf.Tensor4D>(beta), changes);
      return {
        ...keepNearest(found, { images: next, length: norms[norm].length(changes), hit }),
        at: images.add(kept),
      };
    };

  function shortest(
    { bounds }: VictimModel,
    { at, from, lead, slope }: Pick<Plane, 'lead' | 'slope'> & { at: tf.Tensor4D; from: tf.Tensor4D },
  ): tf.Tensor4D {
    const gained = slope.mul(at.sub(from)).sum<tf.Tensor1D>([1, 2, 3]);
    return ontoPlane(norm, from, { normal: slope, need: gained.sub(lead) }, bounds);
  }

  return judgedMinimal({
    ...{ id, label, norm },
    kind: 'minimal',
    strength: 'epsilon',
    targeted: true,
    usesGradient: true,
    source: 'Croce & Hein, arXiv:1907.02044',
    nearest(victim, images, labels, { targets }) {
      const search = (found: Nearest, planeFrom: PlaneFrom): Nearest => {
        const start: State = { ...found, images, labels, ...(targets && { targets }), at: images };
        const end = repeat(start, steps, (state) => {
          const { lead, slope } = planeFrom(state.at);
          return victim.compute(move, { ...state, lead, slope });
        });
        return { nearest: end.nearest, distance: end.distance };
      };
      if (targets) {
        const planeFrom: PlaneFrom = (at) => victim.compute(planeOfTarget, { at, labels, targets });
        return search(noneNear(images), planeFrom).nearest;
      }
      const classes = rivals(victim, images, labels, aims ?? victim.classes - 1);
      const searches = aims === undefined ? [classes] : classes.map((one) => [one]);
      return searches.reduce(
        (found, towards) => tf.tidy(() => search(found, (at) => planeAt(victim, { at, labels }, towards))),
        noneNear(images),
      ).nearest;
    },
  });
}

type State = Nearest & {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  readonly targets?: tf.Tensor1D;
  readonly at: tf.Tensor4D;
};

type PlaneFrom = (at: tf.Tensor4D) => Pick<Plane, 'lead' | 'slope'>;
