import * as tf from '@tensorflow/tfjs';
import type { AttackBatch, MinimalAttack, RandomStream, Victim, VictimStep } from '@weightmap/core';
import { keepNearest, noneNear, type Nearest } from '../harness/_nearest.js';
import { norms, nonZero } from '../harness/_norms.js';
import { repeat } from '../harness/_repeat.js';
import { fools, perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';
import { startOutside, type OutsideOptions } from './_outside.js';

/** Number of rounds and queries, and the starts. */
export interface HopSkipJumpOptions extends OutsideOptions {
  /** Rounds of bisection, estimate and step. */
  steps?: number;
  /** Images shown for the first estimate of a direction. Round t uses √t times as many. */
  evaluations?: number;
  /** Most images shown for an estimate. */
  maxEvaluations?: number;
}

/** Most halvings of a step that leads back across the boundary. */
const HALVINGS = 20;

/** A path from the clean image to an adversarial one. The boundary lies between its shares `low` and `high`, [batch]. */
type Path = {
  readonly outside: tf.Tensor4D;
  readonly low: tf.Tensor1D;
  readonly high: tf.Tensor1D;
};

type State = Nearest & {
  /** x, on the boundary, and x̃, from which the bisection started. */
  readonly at: tf.Tensor4D;
  readonly outside: tf.Tensor4D;
};

type Probe = Omit<AttackBatch, 'images'> & {
  readonly at: tf.Tensor4D;
  /** u, [1, height, width, channels] */
  readonly direction: tf.Tensor4D;
  /** δ, [batch] */
  readonly delta: tf.Tensor1D;
};

/** Σ φ u and Σ u, both within the bounds, and Σ φ. */
type Sums = { readonly signed: tf.Tensor4D; readonly plain: tf.Tensor4D; readonly share: tf.Tensor1D };

type Leap = {
  readonly at: tf.Tensor4D;
  readonly outside: tf.Tensor4D;
  readonly normal: tf.Tensor4D;
  /** ξ, and whether the step has led to an adversarial image, [batch]. */
  readonly size: tf.Tensor1D;
  readonly landed: tf.Tensor1D;
};

/**
 * HopSkipJump in L2, a black box that uses only the classifier's decisions: from an adversarial image to the decision
 * boundary, and along it towards the image by estimates of its normal. φ(x) = 1 if x is adversarial, else −1.
 *
 * From uniform noise that is adversarial, 64 rounds (d is the number of components of an image):
 *
 * 1. bisect between the image x_0 and x̃ for a point x of the boundary, until the share of the path is known to d^(−3/2);
 * 2. estimate the boundary's normal, v ∝ Σ_b (φ(x + δ u_b) − mean φ) u_b, with random directions u_b of length 1 and
 *    δ = ‖x̃ − x_0‖ / d (a tenth of the bounds' width at first);
 * 3. step, x̃ = clip(x + ξ v) with ξ = ‖x − x_0‖ / √t, halved until that is adversarial.
 *
 * Round t uses 100 √t directions, at most 10,000, the same for all images of a batch. The result is the nearest boundary
 * point.
 *
 * With targets φ = 1 if an image is classified as the target, and the search starts at the nearest known image of that kind,
 * of `starts` and of the batch, else at noise. An image without a start remains unchanged, and the attack on it fails.
 *
 * Source: Chen, Jordan & Wainwright, “HopSkipJumpAttack: a query-efficient decision-based attack”, arXiv:1904.02144,
 * algorithm 2, and its code.
 *
 * Tested: by its queries and by where it ends, on the boundary; on a linear classifier, whose nearest boundary it reaches
 * within 8 % in 12 rounds.
 */
export function hopSkipJump({
  steps = 64,
  evaluations = 100,
  maxEvaluations = 10_000,
  tries = 100,
  starts,
}: HopSkipJumpOptions = {}): MinimalAttack {
  return judgedMinimal({
    id: 'hop-skip-jump',
    label: 'HopSkipJump',
    kind: 'minimal',
    strengthUnit: 'epsilon',
    norm: 'l2',
    targeted: true,
    usesGradient: false,
    source: 'Chen, Jordan & Wainwright, arXiv:1904.02144',
    nearest(victim, batch, { random }) {
      const { images } = batch;
      const d = images.size / images.shape[0];
      const width = victim.bounds[1] - victim.bounds[0];
      const { outside, fooled } = startOutside(victim, batch, { random, tries, starts });
      const distanceTo = (points: tf.Tensor4D) => norms.l2.length(points.sub(images));
      const start: State = { ...noneNear(images), at: ontoBoundary(victim, batch, outside), outside };
      const end = repeat(start, steps, ({ at, outside: before, ...found }, index) => {
        const t = index + 1;
        const here = distanceTo(at);
        const δ = index === 0 ? tf.onesLike(here).mul(0.1 * width) : distanceTo(before).div(d);
        const count = Math.floor(Math.min(maxEvaluations, evaluations * Math.sqrt(t)));
        const normal = normalAt(victim, batch, { at, delta: δ as tf.Tensor1D, count, random });
        const ξ = here.div<tf.Tensor1D>(Math.sqrt(t));
        const next = leapFrom(victim, batch, { at, normal, size: ξ, fooled });
        return {
          ...keepNearest(found, { images: at, length: here, hit: fooled }),
          outside: next.clone(),
          at: ontoBoundary(victim, batch, next),
        };
      });
      return keepNearest(end, { images: end.at, length: distanceTo(end.at), hit: fooled }).nearest;
    },
  });
}

const bisect: VictimStep<AttackBatch & Path, Pick<Path, 'low' | 'high'>> =
  (model) =>
  ({ images, labels, targets, outside, low, high }) => {
    const middle = low.add<tf.Tensor1D>(high).div<tf.Tensor1D>(2);
    const hit = fools(model.logits(between(images, outside, middle)), labels, targets, model.answers).greater(
      0,
    );
    return { low: tf.where(hit, low, middle), high: tf.where(hit, middle, high) };
  };

/** Step 1. */
function ontoBoundary(victim: Victim, batch: AttackBatch, outside: tf.Tensor4D): tf.Tensor4D {
  const rows = batch.images.shape[0];
  const d = batch.images.size / rows;
  const start = {
    ...batch,
    outside,
    low: tf.zeros<tf.Rank.R1>([rows]),
    high: tf.ones<tf.Rank.R1>([rows]),
  };
  const halvings = Math.ceil(1.5 * Math.log2(d)) + 1;
  const { high } = repeat(start, halvings, (state) => victim.compute(bisect, state));
  return between(batch.images, outside, high);
}

const probe: VictimStep<Probe & Sums, Sums> =
  (model) =>
  ({ labels, targets, at, direction, delta, signed, plain, share }) => {
    const δ = perImage(delta);
    const tried = at.add(direction.mul(δ)).clipByValue(...model.bounds) as tf.Tensor4D;
    const u = tried.sub(at).div<tf.Tensor4D>(nonZero(δ));
    const φ = fools(model.logits(tried), labels, targets, model.answers)
      .mul<tf.Tensor1D>(2)
      .sub<tf.Tensor1D>(1);
    return { signed: signed.add(u.mul(perImage(φ))), plain: plain.add(u), share: share.add(φ) };
  };

/** Step 2. */
function normalAt(
  victim: Victim,
  { images, ...truth }: AttackBatch,
  { at, delta, count, random }: Pick<Probe, 'at' | 'delta'> & { count: number; random: RandomStream },
): tf.Tensor4D {
  const [rows, ...image] = images.shape;
  const none = tf.zerosLike(images);
  const start = { signed: none, plain: none, share: tf.zerosLike(delta) };
  const { signed, plain, share } = repeat<Sums>(start, count, (sums) => {
    const values = random.normals(images.size / rows);
    const u = tf.tensor4d(values, [1, ...image] as [number, number, number, number]);
    return victim.compute(probe, { ...truth, at, direction: norms.l2.normalize(u), delta, ...sums });
  });
  const mean = perImage(share.div<tf.Tensor1D>(count));
  // If all decisions are the same, they only tell on which side the points lie.
  const mixed = mean.abs().less(1);
  const v = tf.where(mixed, signed.sub<tf.Tensor4D>(plain.mul(mean)), plain.mul<tf.Tensor4D>(mean));
  return norms.l2.normalize(v);
}

const leap: VictimStep<AttackBatch & Leap, Pick<Leap, 'outside' | 'size' | 'landed'>> =
  (model) =>
  ({ labels, targets, at, outside, normal, size: ξ, landed }) => {
    const tried = at.add(normal.mul(perImage(ξ))).clipByValue(...model.bounds) as tf.Tensor4D;
    const hit = fools(model.logits(tried), labels, targets, model.answers).greater<tf.Tensor1D>(landed);
    const done = landed.maximum<tf.Tensor1D>(hit.cast('float32'));
    return {
      outside: tf.where(perImage(hit), tried, outside),
      landed: done,
      size: tf.where(done.greater(0), ξ, ξ.div<tf.Tensor1D>(2)),
    };
  };

/** Step 3. */
function leapFrom(
  victim: Victim,
  batch: AttackBatch,
  { at, normal, size, fooled }: Pick<Leap, 'at' | 'normal' | 'size'> & { fooled: tf.Tensor1D },
): tf.Tensor4D {
  // An image without a start counts as landed, so it does not move.
  const landed = tf.sub<tf.Tensor1D>(1, fooled);
  const end = repeat<Leap>(
    { at, outside: at, normal, size, landed },
    HALVINGS,
    (state) => victim.compute(leap, { ...batch, ...state }),
    (state) => state.landed.min().dataSync()[0] === 1,
  );
  return end.outside;
}

const between = (images: tf.Tensor4D, outside: tf.Tensor4D, share: tf.Tensor1D): tf.Tensor4D =>
  images.add(outside.sub(images).mul(perImage(share)));
