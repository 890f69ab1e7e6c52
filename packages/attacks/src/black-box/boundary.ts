import * as tf from '@tensorflow/tfjs';
import type { MinimalAttack, VictimModel, VictimStep } from '@weightmap/core';
import { norms, nonZero } from '../harness/_norms.js';
import { startOutside, type OutsideOptions } from './_outside.js';
import { repeat } from '../harness/_repeat.js';
import { StepSizes } from './_step-sizes.js';
import { fools, perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';

export interface BoundaryOptions extends OutsideOptions {
  /** Steps of the walk. */
  steps?: number;
  /** σ: length of a step around the image, as a share of the distance, at first. */
  sphericalStep?: number;
  /** ε: length of a step towards the image, as a share of the distance, at first. */
  sourceStep?: number;
  /** By which factor these change. */
  adaptation?: number;
}

/** Steps from one that is counted to the next. */
const COUNT_EVERY = 10;

/**
 * Boundary attack in L2, a black box that uses the classifier's decisions alone: a random walk along the boundary. From
 * uniform noise that fools, each step draws a direction η ~ N(0, I) orthogonal to the way x_0 − x, of length σ ‖x − x_0‖,
 *
 *     s = clip(the point in the direction of x + η that is as far from x_0 as x is)
 *     x′ = clip(s, drawn towards x_0 until ‖x′ − x_0‖ = (1 − ε) ‖x − x_0‖)
 *
 * and x ← x′ if that fools and is nearer. σ and ε are adapted to each image, see `_step-sizes.ts`. 25,000 steps,
 * σ = ε = 0.01 at first, factor 1.5. The direction is drawn once for all images of a batch.
 *
 * With targets it walks where images are taken for the target, and begins at the nearest image known to be: of the `starts`
 * and of the batch, else of noise. An image without any stays as it is, and has not succeeded.
 *
 * Source: Brendel, Rauber & Bethge, “Decision-based adversarial attacks”, arXiv:1712.04248, and its code in Foolbox.
 *
 * Tested: against the formulas in plain loops with the same random numbers, by how its step sizes change, and on a
 * linear classifier, whose nearest boundary it reaches within 10 % in 2,000 steps.
 */
export function boundary({
  steps = 25_000,
  sphericalStep = 0.01,
  sourceStep = 0.01,
  adaptation = 1.5,
  tries = 100,
  starts,
}: BoundaryOptions = {}): MinimalAttack {
  const walk = (
    model: VictimModel,
    { images, labels, targets, at, noise, spherical, source }: Walk,
  ): { around: tf.Tensor4D; next: Next } => {
    const way = images.sub<tf.Tensor4D>(at);
    const distance = perImage(norms.l2.length(way));
    const unit = way.div<tf.Tensor4D>(nonZero(distance));
    const along = noise.mul(unit).sum([1, 2, 3], true);
    const across = norms.l2
      .normalize(noise.sub(unit.mul(along)))
      .mul(distance)
      .mul(perImage(spherical));
    const shrink = perImage(spherical).square().add(1).sqrt();
    const around = images.add(across.sub(way).div(shrink)).clipByValue(...model.bounds) as tf.Tensor4D;
    const rest = images.sub<tf.Tensor4D>(around);
    const left = perImage(norms.l2.length(rest));
    const share = left
      .sub(distance)
      .add(distance.mul(perImage(source)))
      .relu()
      .div(nonZero(left));
    const tried = around.add(rest.mul(share)).clipByValue(...model.bounds) as tf.Tensor4D;
    const hit = fools(model.logits(tried), labels, targets);
    const nearer = norms.l2.length(images.sub(tried)).less(distance.reshape([-1]));
    const taken = hit.greater(0).logicalAnd<tf.Tensor1D>(nearer);
    return { around, next: { at: tf.where(perImage(taken), tried, at), hit } };
  };

  const move: VictimStep<Walk, Pick<Next, 'at'>> = (model) => (state) => ({ at: walk(model, state).next.at });

  const moveAndCount: VictimStep<Walk, Next & { aroundHit: tf.Tensor1D }> = (model) => (state) => {
    const { around, next } = walk(model, state);
    return { ...next, aroundHit: fools(model.logits(around), state.labels, state.targets) };
  };

  return judgedMinimal({
    id: 'boundary',
    label: 'Boundary',
    kind: 'minimal',
    strength: 'epsilon',
    norm: 'l2',
    targeted: true,
    usesGradient: false,
    source: 'Brendel, Rauber & Bethge, arXiv:1712.04248',
    nearest(victim, images, labels, { random, targets }) {
      const [batch, ...image] = images.shape;
      const given = { images, labels, ...(targets && { targets }) };
      const { outside } = startOutside(victim, given, { random, tries, starts });
      const sizes = new StepSizes(batch, { spherical: sphericalStep, source: sourceStep, adaptation });
      const start: State = { ...given, at: outside, ...sizes.tensors() };
      const end = repeat(start, steps, (state, index) => {
        const values = random.normals(images.size / batch);
        const noise = tf.tensor4d(values, [1, ...image] as [number, number, number, number]);
        if (index % COUNT_EVERY > 0) return victim.compute(move, { ...state, noise });
        const { at, hit, aroundHit } = victim.compute(moveAndCount, { ...state, noise });
        sizes.count(aroundHit.dataSync(), hit.dataSync());
        return { at, ...sizes.tensors() };
      });
      return end.at;
    },
  });
}

type State = {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  readonly targets?: tf.Tensor1D;
  readonly at: tf.Tensor4D;
  /** σ and ε, [batch]. */
  readonly spherical: tf.Tensor1D;
  readonly source: tf.Tensor1D;
};

/** `noise` [1, height, width, channels] */
type Walk = State & { readonly noise: tf.Tensor4D };

/** `hit` [batch], 1 where the point tried fools. */
type Next = { readonly at: tf.Tensor4D; readonly hit: tf.Tensor1D };
