import * as tf from '@tensorflow/tfjs';
import type { MinimalAttack, VictimModel, VictimStep } from '@weightmap/core';
import { ontoPlane } from './_hyperplane.js';
import { keepNearest, noneNear, type Nearest } from './_nearest.js';
import { norms } from './_norms.js';
import { nearestPlane, rivals, type Plane } from './_planes.js';
import { repeat } from './_repeat.js';
import { fools, perImage } from './_worst.js';
import { judgedMinimal } from './evaluate-minimal.js';

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
 * Source: Croce & Hein, “Minimally distorted adversarial examples with a fast adaptive boundary attack”, arXiv:1907.02044,
 * algorithm 1.
 */
export const fab = (options: FabOptions = {}): MinimalAttack => fabIn('linf', 'fab', 'FAB', options);

/** The same in L2. */
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
    ({ images, labels, at, lead, slope, ...found }) => {
      const here = shortest(model, { at, from: at, lead, slope });
      const there = shortest(model, { at, from: images, lead, slope });
      const [near, far] = [here, there].map((change) => norms[norm].length(change).maximum(1e-8));
      const alpha = perImage(near.div(near.add(far)).minimum<tf.Tensor1D>(alphaMax));
      const next = at
        .add(here.mul(eta))
        .mul(tf.sub(1, alpha))
        .add(images.add(there.mul(eta)).mul(alpha))
        .clipByValue(...model.bounds) as tf.Tensor4D;
      const hit = fools(model.logits(next), labels);
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
    targeted: false,
    usesGradient: true,
    source: 'Croce & Hein, arXiv:1907.02044',
    nearest(victim, images, labels) {
      const classes = rivals(victim, images, labels, aims ?? victim.classes - 1);
      const searches = aims === undefined ? [classes] : classes.map((one) => [one]);
      const search = (found: Nearest, towards: tf.Tensor1D[]): Nearest => {
        const start: State = { ...found, images, labels, at: images };
        const end = repeat(start, steps, (state) => {
          const { lead, slope } = planeAt(victim, { at: state.at, labels }, towards);
          return victim.compute(move, { ...state, lead, slope });
        });
        return { nearest: end.nearest, distance: end.distance };
      };
      return searches.reduce((found, towards) => tf.tidy(() => search(found, towards)), noneNear(images))
        .nearest;
    },
  });
}

type State = Nearest & {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  readonly at: tf.Tensor4D;
};
