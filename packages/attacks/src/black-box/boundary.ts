import * as tf from '@tensorflow/tfjs';
import type { AttackBatch, MinimalAttack, VictimModel, VictimStep } from '@weightmap/core';
import { norms, nonZero } from '../harness/_norms.js';
import { repeat } from '../harness/_repeat.js';
import { fools, perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';
import { startOutside, type OutsideOptions } from './_outside.js';
import { StepSizes } from './_step-sizes.js';

/** Number and sizes of the steps, and the starts. */
export interface BoundaryOptions extends OutsideOptions {
  /** Number of steps of the walk. */
  steps?: number;
  /** σ: the first length of a step around the image, as a share of the distance. */
  sphericalStep?: number;
  /** ε: the first length of a step towards the image, as a share of the distance. */
  sourceStep?: number;
  /** The factor by which they change. */
  adaptation?: number;
}

/** Steps from one that is counted to the next. */
const COUNT_EVERY = 10;

type State = AttackBatch & {
  readonly at: tf.Tensor4D;
  /** σ and ε, [batch]. */
  readonly spherical: tf.Tensor1D;
  readonly source: tf.Tensor1D;
};

/** `noise`: [1, height, width, channels] */
type Walk = State & { readonly noise: tf.Tensor4D };

/** `hit`: [batch], 1 if the point that was tried is adversarial. */
type Next = { readonly at: tf.Tensor4D; readonly hit: tf.Tensor1D };

/**
 * Boundary attack in L2, a black box that uses only the classifier's decisions: a random walk along the decision boundary.
 * From uniform noise that is adversarial, each step draws a direction η ~ N(0, I), orthogonal to x_0 − x and of length
 * σ ‖x − x_0‖,
 *
 *     s = clip(the point in the direction of x + η that is as far from x_0 as x is)
 *     x′ = clip(s, drawn towards x_0 until ‖x′ − x_0‖ = (1 − ε) ‖x − x_0‖)
 *
 * and x ← x′ if that is adversarial and nearer. σ and ε are adapted for each image, see `_step-sizes.ts`. 25,000 steps,
 * σ = ε = 0.01 at first, factor 1.5. All images of a batch share the drawn direction.
 *
 * With targets it walks where images are classified as the target, and starts at the nearest known image of that kind, of
 * `starts` and of the batch, else at noise. An image without a start remains unchanged, and the attack on it fails.
 *
 * Source: Brendel, Rauber & Bethge, “Decision-based adversarial attacks”, arXiv:1712.04248, and its code in Foolbox.
 *
 * Tested: against the formulas in plain loops with the same random numbers; by how its step sizes change; on a linear
 * classifier, whose nearest boundary it reaches within 10 % in 2,000 steps.
 */
export function boundary({
  steps = 25_000,
  sphericalStep = 0.01,
  sourceStep = 0.01,
  adaptation = 1.5,
  tries = 100,
  starts,
}: BoundaryOptions = {}): MinimalAttack {
  return judgedMinimal({
    id: 'boundary',
    label: 'Boundary',
    kind: 'minimal',
    strengthUnit: 'epsilon',
    norm: 'l2',
    targeted: true,
    usesGradient: false,
    source: 'Brendel, Rauber & Bethge, arXiv:1712.04248',
    nearest(victim, batch, { random }) {
      const { images } = batch;
      const [count, ...image] = images.shape;
      const { outside } = startOutside(victim, batch, { random, tries, starts });
      const sizes = new StepSizes(count, { spherical: sphericalStep, source: sourceStep, adaptation });
      const start: State = { ...batch, at: outside, ...sizes.tensors() };
      const end = repeat(start, steps, (state, index) => {
        const values = random.normals(images.size / count);
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

const move: VictimStep<Walk, Pick<Next, 'at'>> = (model) => (state) => ({ at: walk(model, state).next.at });

const moveAndCount: VictimStep<Walk, Next & { aroundHit: tf.Tensor1D }> = (model) => (state) => {
  const { around, next } = walk(model, state);
  return { ...next, aroundHit: fools(model.logits(around), state.labels, state.targets, model.answers) };
};

/** One step. @returns s as `around`, and the next point. */
function walk(
  model: VictimModel,
  { images, labels, targets, at: x, noise, spherical, source }: Walk,
): { around: tf.Tensor4D; next: Next } {
  const [σ, ε] = [perImage(spherical), perImage(source)];
  const way = images.sub<tf.Tensor4D>(x);
  const distance = perImage(norms.l2.length(way));
  const unit = way.div<tf.Tensor4D>(nonZero(distance));
  const along = noise.mul(unit).sum([1, 2, 3], true);
  const η = norms.l2
    .normalize(noise.sub(unit.mul(along)))
    .mul(distance)
    .mul(σ);
  const shrink = σ.square().add(1).sqrt();
  const around = images.add(η.sub(way).div(shrink)).clipByValue(...model.bounds) as tf.Tensor4D;
  const rest = images.sub<tf.Tensor4D>(around);
  const left = perImage(norms.l2.length(rest));
  const share = left.sub(distance).add(distance.mul(ε)).relu().div(nonZero(left));
  const tried = around.add(rest.mul(share)).clipByValue(...model.bounds) as tf.Tensor4D;
  const hit = fools(model.logits(tried), labels, targets, model.answers);
  const nearer = norms.l2.length(images.sub(tried)).less(distance.reshape([-1]));
  const accepted = hit.greater(0).logicalAnd<tf.Tensor1D>(nearer);
  return { around, next: { at: tf.where(perImage(accepted), tried, x), hit } };
}
