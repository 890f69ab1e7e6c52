import * as tf from '@tensorflow/tfjs';
import {
  WeightmapError,
  type AttackMethod,
  type LossName,
  type RandomStream,
  type VictimModel,
  type VictimStep,
} from '@weightmap/core';
import { eachStrength } from '../harness/_each-strength.js';
import { norms, nonZero } from '../harness/_norms.js';
import { takeTurns, type Rows } from '../harness/_rows.js';
import { insideBall } from '../harness/_starts.js';
import { fools, keepWorst, nothingFound, type Worst } from '../harness/_worst.js';
import { aimed, losses } from '../harness/losses.js';

/** What the parameters of an attack by gradient ascent are. */
export interface AscentOptions {
  /** Gradients, each followed by a step. */
  steps?: number;
  /** Length of a step in the norm of the attack, as a share of ε. All steps together must be at least ε long. */
  relativeStep?: number;
  /** Length of a step in the norm of the attack, in units of pixels; instead of `relativeStep`. */
  stepSize?: number;
  /** How often to begin, with other random numbers; the worst of all is the result. */
  restarts?: number;
  /** What is maximised. With targets it is the loss that draws towards the target instead. */
  loss?: 'ce' | 'margin' | 'dlr';
  /**
   * Whether the search for an image ends at the first that fools, which is then the result. If not, every step is taken
   * for every image, and the result is, of the images that fool, the one of largest loss. Images that are shown to other
   * networks (transfer) need `false`: the first that fools lies just beyond the boundary of the network that it was made
   * against, and often not beyond that of another.
   */
  stopWhenFooled?: boolean;
}

export interface AscentPlan extends Required<Omit<AscentOptions, 'stepSize' | 'relativeStep'>> {
  readonly norm: keyof typeof norms;
  /** The length of a step for an ε. */
  readonly stepOf: (epsilon: number) => number;
  /** Whether to begin at a random point of the ball, or at the clean image. */
  readonly randomStart: boolean;
  /** Momentum: g ← μ·g + ∇/‖∇‖₁ is followed instead of ∇. */
  readonly decay?: number;
  /** Where a step of length 1 leads; by default where a linear loss grows fastest. */
  readonly direction?: Direction;
}

type Direction = (gradient: tf.Tensor4D, at: tf.Tensor4D, bounds: readonly [number, number]) => tf.Tensor4D;

/**
 * The length of a step for an ε.
 *
 * @param share of ε, where the caller gives neither `relativeStep` nor `stepSize`.
 * @throws WeightmapError if the caller gives both, a length is not positive, the steps are no whole number ≥ 1, or steps
 *   of that share together are shorter than ε.
 */
export function stepOf(
  { stepSize, relativeStep }: Pick<AscentOptions, 'stepSize' | 'relativeStep'>,
  steps: number,
  share: number,
): (epsilon: number) => number {
  checkCount(steps, 'steps');
  if (stepSize !== undefined && relativeStep !== undefined)
    throw new WeightmapError('Both a relative and an absolute length of the steps are given.', {
      where: `relativeStep: ${relativeStep}, stepSize: ${stepSize}`,
      expected: 'one of them, or none',
    });
  for (const [name, length] of Object.entries({ stepSize, relativeStep }))
    if (length !== undefined && !(length > 0 && Number.isFinite(length)))
      throw new WeightmapError(`${length} is no length of a step.`, {
        where: name,
        expected: 'a finite number above 0',
      });
  if (stepSize !== undefined) return () => stepSize;
  const relative = relativeStep ?? share;
  checkReach(steps, relative, 1, 'ε');
  return (epsilon) => relative * epsilon;
}

/**
 * Length of a step as a share of ε: all steps together are 2.5 ε long, so that they cross the ball from any start, and no
 * step is shorter than ε/30.
 */
export const madryShare = (steps: number): number => Math.max(1 / 30, 2.5 / steps);

/** @throws WeightmapError if it is no whole number ≥ 1. */
export function checkCount(count: number, name: string): void {
  if (Number.isInteger(count) && count >= 1) return;
  throw new WeightmapError(`${count} is no number of ${name}.`, {
    where: `${name}: ${count}`,
    expected: 'a whole number ≥ 1',
  });
}

/** @throws WeightmapError if the steps together are shorter than ε: the attack would be weak without saying so. */
export function checkReach(steps: number, size: number, epsilon: number, unit?: 'ε'): void {
  // 1/steps · steps may be a little less than 1.
  if (steps * size >= epsilon * (1 - 1e-6)) return;
  const text = (value: number) => `${Number(value.toPrecision(6))}${unit ? ` ${unit}` : ''}`;
  const [length, radius] = [text(steps * size), unit ?? `ε = ${epsilon}`];
  throw new WeightmapError(
    `The steps of the attack are too short: ${steps} steps of ${text(size)} are ${length}, less than ${radius}.`,
    {
      expected: 'steps × length of a step ≥ ε',
      fix: 'leave the length at its default, which grows as the steps get fewer, or take more steps',
    },
  );
}

type State = Worst & {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  readonly targets?: tf.Tensor1D;
  /** Where the attack is. */
  readonly at: tf.Tensor4D;
  readonly velocity?: tf.Tensor4D;
};

type Inputs = Readonly<Record<string, tf.Tensor>>;

/** Within the ball, then within the bounds. */
export const confinedTo =
  (norm: keyof typeof norms, { bounds }: VictimModel) =>
  (points: tf.Tensor4D, images: tf.Tensor4D, epsilon: tf.Tensor): tf.Tensor4D =>
    norms[norm].project(points, images, epsilon).clipByValue(bounds[0], bounds[1]) as tf.Tensor4D;

/**
 * Projected gradient ascent: x ← clip(project(x + step · direction(∇loss))), from the clean image or a random point;
 * the worst image met on the way is the result, the last one included.
 */
export function ascent(plan: AscentPlan): AttackMethod['perturb'] {
  const { norm, steps, restarts, decay, randomStart, stopWhenFooled: stop } = plan;
  checkCount(restarts, 'restarts');
  const lossFor = (targets: tf.Tensor1D | undefined): LossName => aimed(plan.loss, targets !== undefined);
  const direction: Direction = plan.direction ?? ((gradient) => norms[norm].normalize(gradient));

  const begin: VictimStep<Inputs, { at: tf.Tensor4D }> =
    (model) =>
    ({ images, noise, epsilon }) => ({
      at: confinedTo(norm, model)(images.add(noise.mul(epsilon)), images as tf.Tensor4D, epsilon),
    });

  const move: VictimStep<State & Inputs, Omit<State, 'images' | 'labels' | 'targets'>> =
    (model) =>
    ({ images, labels, targets, at, velocity, epsilon, size, ...worst }) => {
      const { gradient, loss, logits } = model.gradient({
        images: at,
        labels,
        targets,
        loss: lossFor(targets),
      });
      const hit = fools(logits, labels, targets);
      const momentum = velocity && {
        velocity: velocity.mul<tf.Tensor4D>(decay!).add<tf.Tensor4D>(unit(gradient)),
      };
      const way = direction(momentum?.velocity ?? gradient, at, model.bounds);
      return {
        ...keepWorst(worst, { images: at, loss, hit }, { stop }),
        ...momentum,
        at: confinedTo(norm, model)(at.add(way.mul(size)), images, epsilon),
      };
    };

  const look: VictimStep<State & Inputs, Worst> =
    (model) =>
    ({ labels, targets, at, ...worst }) => {
      const logits = model.logits(at);
      const loss = losses[lossFor(targets)].of(logits, labels, targets ?? labels);
      return keepWorst(worst, { images: at, loss, hit: fools(logits, labels, targets) }, { stop });
    };

  return (victim, images, labels, options) => {
    const width = victim.bounds[1] - victim.bounds[0];
    for (const strength of options.strengths)
      checkReach(steps, plan.stepOf(strength), norm === 'linf' ? Math.min(strength, width) : strength);
    return eachStrength(images, options, (strength, random) => {
      const [epsilon, size] = [tf.scalar(strength), tf.scalar(plan.stepOf(strength))];
      const still = decay === undefined ? {} : { velocity: tf.zerosLike(images) };
      const { targets } = options;
      const aim = targets ? { targets } : {};
      const start: State = { ...nothingFound(images), images, labels, ...aim, at: images, ...still };
      const turnsEach = steps + 1;
      return takeTurns(
        start as State & Rows,
        restarts * turnsEach,
        (rows, { index, pick }) => {
          const turn = index % turnsEach;
          if (turn === steps) return victim.compute(look, rows);
          let from: Partial<State> = {};
          if (turn === 0) {
            from = randomStart
              ? victim.compute(begin, { images: rows.images, noise: pick(noiseFor(random, images)), epsilon })
              : { at: rows.images };
            if (decay !== undefined) from = { ...from, velocity: tf.zerosLike(rows.images) };
          }
          return victim.compute(move, { ...rows, ...from, epsilon, size });
        },
        { stop },
      );
    });
  };

  function noiseFor(random: RandomStream, { shape }: tf.Tensor4D): tf.Tensor4D {
    const [count, ...image] = shape;
    const pixels = image.reduce((a, b) => a * b, 1);
    return tf.tensor4d(insideBall[norm](random, count, pixels), shape);
  }
}

/** ∇ / ‖∇‖₁, 0 where it is flat. */
const unit = (gradient: tf.Tensor4D): tf.Tensor4D =>
  gradient.div(nonZero(gradient.abs().sum([1, 2, 3], true)));
