import * as tf from '@tensorflow/tfjs';
import type { MinimalAttack, Victim, VictimStep } from '@weightmap/core';
import { keepNearest, noneNear, type Nearest } from '../harness/_nearest.js';
import { norms, nonZero } from '../harness/_norms.js';
import { startOutside, type OutsideOptions } from './_outside.js';
import { repeat } from '../harness/_repeat.js';
import { fools, perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';

export interface HopSkipJumpOptions extends OutsideOptions {
  /** Rounds of bisection, estimate and step. */
  steps?: number;
  /** Images shown for the first estimate of a direction. The t-th takes √t times as many. */
  evaluations?: number;
  /** At most. */
  maxEvaluations?: number;
}

/** Halvings of a step that leads back across the boundary, at most. */
const HALVINGS = 20;

/**
 * HopSkipJump in L2, a black box that uses the classifier's decisions alone: from an image that fools to the boundary, and
 * along it towards the image by estimates of its normal. φ(x) = 1 where the classifier is fooled, else −1.
 *
 * From uniform noise that fools, and then 64 times (d components an image):
 *
 * 1. bisect between the image x_0 and x̃ for a point x of the boundary, until the share of the way is known to d^(−3/2);
 * 2. estimate the boundary's normal, v ∝ Σ_b (φ(x + δ u_b) − mean φ) u_b, with u_b random directions of length 1 and
 *    δ = ‖x̃ − x_0‖ / d (a tenth of the bounds' width at first);
 * 3. step, x̃ = clip(x + ξ v) with ξ = ‖x − x_0‖ / √t, halved until that fools.
 *
 * In step t there are 100 √t directions, 10,000 at most, the same for all images of a batch. The nearest boundary point is
 * the result.
 *
 * With targets φ says whether an image is taken for the target, and the search begins at the nearest image known to be: of
 * the `starts` and of the batch, else of noise. An image without any stays as it is, and has not succeeded.
 *
 * Source: Chen, Jordan & Wainwright, “HopSkipJumpAttack: a query-efficient decision-based attack”, arXiv:1904.02144,
 * algorithm 2, and its code.
 *
 * Tested: by what it asks and where it ends, on the boundary, and on a linear classifier, whose nearest boundary it
 * reaches within 8 % in 12 steps.
 */
export function hopSkipJump({
  steps = 64,
  evaluations = 100,
  maxEvaluations = 10_000,
  tries = 100,
  starts,
}: HopSkipJumpOptions = {}): MinimalAttack {
  const bisect: VictimStep<Given & Way, Pick<Way, 'low' | 'high'>> =
    (model) =>
    ({ images, labels, targets, outside, low, high }) => {
      const middle = low.add<tf.Tensor1D>(high).div<tf.Tensor1D>(2);
      const hit = fools(model.logits(between(images, outside, middle)), labels, targets).greater(0);
      return { low: tf.where(hit, low, middle), high: tf.where(hit, middle, high) };
    };

  const probe: VictimStep<Probe & Sums, Sums> =
    (model) =>
    ({ labels, targets, at, direction, delta, signed, plain, share }) => {
      const size = perImage(delta);
      const tried = at.add(direction.mul(size)).clipByValue(...model.bounds) as tf.Tensor4D;
      const way = tried.sub(at).div<tf.Tensor4D>(nonZero(size));
      const sign = fools(model.logits(tried), labels, targets).mul<tf.Tensor1D>(2).sub<tf.Tensor1D>(1);
      return {
        signed: signed.add(way.mul(perImage(sign))),
        plain: plain.add(way),
        share: share.add(sign),
      };
    };

  const leap: VictimStep<Given & Leap, Pick<Leap, 'outside' | 'size' | 'landed'>> =
    (model) =>
    ({ labels, targets, at, outside, normal, size, landed }) => {
      const tried = at.add(normal.mul(perImage(size))).clipByValue(...model.bounds) as tf.Tensor4D;
      const hit = fools(model.logits(tried), labels, targets).greater<tf.Tensor1D>(landed);
      const done = landed.maximum<tf.Tensor1D>(hit.cast('float32'));
      return {
        outside: tf.where(perImage(hit), tried, outside),
        landed: done,
        size: tf.where(done.greater(0), size, size.div<tf.Tensor1D>(2)),
      };
    };

  /** Step 1. */
  function ontoBoundary(victim: Victim, given: Given, outside: tf.Tensor4D): tf.Tensor4D {
    const d = given.images.size / given.images.shape[0];
    const rows = given.images.shape[0];
    const ends = { low: tf.zeros<tf.Rank.R1>([rows]), high: tf.ones<tf.Rank.R1>([rows]) };
    const start = { ...given, ...ends, outside };
    const { high } = repeat(start, Math.ceil(1.5 * Math.log2(d)) + 1, (state) =>
      victim.compute(bisect, state),
    );
    return between(given.images, outside, high);
  }

  return judgedMinimal({
    id: 'hop-skip-jump',
    label: 'HopSkipJump',
    kind: 'minimal',
    strength: 'epsilon',
    norm: 'l2',
    targeted: true,
    usesGradient: false,
    source: 'Chen, Jordan & Wainwright, arXiv:1904.02144',
    nearest(victim, images, labels, { random, targets }) {
      const [batch, ...image] = images.shape;
      const d = images.size / batch;
      const aim: Aim = { labels, ...(targets && { targets }) };
      const given: Given = { images, ...aim };
      const { outside, fooled } = startOutside(victim, given, { random, tries, starts });
      const distanceTo = (points: tf.Tensor4D) => norms.l2.length(points.sub(images));

      /** Step 2. */
      const normalAt = (at: tf.Tensor4D, delta: tf.Tensor1D, count: number): tf.Tensor4D => {
        const none = tf.zerosLike(images);
        const start = { signed: none, plain: none, share: tf.zerosLike(delta) };
        const { signed, plain, share } = repeat<Sums>(start, count, (sums) => {
          const values = tf.tensor4d(random.normals(d), [1, ...image] as [number, number, number, number]);
          return victim.compute(probe, { ...aim, at, direction: norms.l2.normalize(values), delta, ...sums });
        });
        const mean = share.div<tf.Tensor1D>(count);
        // Where all decisions are the same they tell nothing but the side.
        const mixed = perImage(mean).abs().less(1);
        return norms.l2.normalize(
          tf.where(
            mixed,
            signed.sub<tf.Tensor4D>(plain.mul(perImage(mean))),
            plain.mul<tf.Tensor4D>(perImage(mean)),
          ),
        );
      };

      const start: State = { ...noneNear(images), at: ontoBoundary(victim, given, outside), outside };
      const end = repeat(start, steps, ({ at, outside: before, ...found }, index) => {
        const t = index + 1;
        const here = distanceTo(at);
        const better = keepNearest(found, { images: at, length: here, hit: fooled });
        const width = victim.bounds[1] - victim.bounds[0];
        const delta =
          index === 0
            ? tf.onesLike(here).mul<tf.Tensor1D>(0.1 * width)
            : distanceTo(before).div<tf.Tensor1D>(d);
        const count = Math.floor(Math.min(maxEvaluations, evaluations * Math.sqrt(t)));
        const normal = normalAt(at, delta, count);
        const size = here.div<tf.Tensor1D>(Math.sqrt(t));
        // An image without a start has nowhere to go.
        const landed = tf.sub<tf.Tensor1D>(1, fooled);
        const leapt = repeat<Leap>(
          { at, outside: at, normal, size, landed },
          HALVINGS,
          (state) => victim.compute(leap, { ...given, ...state }),
          (state) => state.landed.min().dataSync()[0] === 1,
        );
        return { ...better, outside: leapt.outside.clone(), at: ontoBoundary(victim, given, leapt.outside) };
      });
      return keepNearest(end, { images: end.at, length: distanceTo(end.at), hit: fooled }).nearest;
    },
  });
}

type Aim = { readonly labels: tf.Tensor1D; readonly targets?: tf.Tensor1D };

type Given = Aim & { readonly images: tf.Tensor4D };

/** From the clean image to one that fools; the boundary lies between the shares `low` and `high` [batch] of the way. */
type Way = {
  readonly outside: tf.Tensor4D;
  readonly low: tf.Tensor1D;
  readonly high: tf.Tensor1D;
};

type State = Nearest & {
  /** x, on the boundary, and x̃, from which the search for it began. */
  readonly at: tf.Tensor4D;
  readonly outside: tf.Tensor4D;
};

type Probe = Aim & {
  readonly at: tf.Tensor4D;
  /** u, [1, height, width, channels] */
  readonly direction: tf.Tensor4D;
  /** [batch] */
  readonly delta: tf.Tensor1D;
};

/** Σ φ u, Σ u, both within the bounds, and Σ φ. */
type Sums = { readonly signed: tf.Tensor4D; readonly plain: tf.Tensor4D; readonly share: tf.Tensor1D };

type Leap = {
  readonly at: tf.Tensor4D;
  readonly outside: tf.Tensor4D;
  readonly normal: tf.Tensor4D;
  /** ξ and whether it led to an image that fools, [batch]. */
  readonly size: tf.Tensor1D;
  readonly landed: tf.Tensor1D;
};

const between = (images: tf.Tensor4D, outside: tf.Tensor4D, share: tf.Tensor1D): tf.Tensor4D =>
  images.add(outside.sub(images).mul(perImage(share)));
