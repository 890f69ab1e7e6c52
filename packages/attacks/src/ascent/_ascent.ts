import * as tf from '@tensorflow/tfjs';
import {
  WeightmapError,
  type AttackBatch,
  type AttackMethod,
  type LossName,
  type RandomStream,
  type VictimStep,
} from '@weightmap/core';
import { eachStrength } from '../harness/_each-strength.js';
import { confinedTo, norms, nonZero } from '../harness/_norms.js';
import { takeTurns, type Filled, type Rows } from '../harness/_rows.js';
import { insideBall } from '../harness/_starts.js';
import { candidateAt, fools, keepWorst, nothingFound, type Worst } from '../harness/_worst.js';
import { aimed } from '../harness/losses.js';

/** Parameters of an attack by gradient ascent. */
export interface AscentOptions {
  /** Number of gradient steps. */
  steps?: number;
  /** Length of a step in the attack's norm, as a share of ε. All steps together must be at least ε long. */
  relativeStep?: number;
  /** Length of a step in the attack's norm, in units of pixels; replaces `relativeStep`. */
  stepSize?: number;
  /** Number of starts, each with other random numbers. The worst image of all starts is the result. */
  restarts?: number;
  /** The loss to maximise. With targets, the corresponding targeted loss is maximised instead. */
  loss?: 'ce' | 'margin' | 'dlr';
  /**
   * Whether the search for an image stops at the first adversarial image, which is then the result. If not, all steps are
   * taken for every image, and the result is the adversarial image of largest loss. Use `false` for images that are shown to
   * other networks (transfer): the first adversarial image lies just beyond the decision boundary of the attacked network,
   * and often not beyond that of another.
   */
  stopWhenFooled?: boolean;
}

/** A complete configuration of gradient ascent. */
export interface AscentPlan extends Required<Omit<AscentOptions, 'stepSize' | 'relativeStep'>> {
  readonly norm: keyof typeof norms;
  /** The length of a step for an ε. */
  readonly stepOf: (ε: number) => number;
  /** Whether to start at a random point of the ball, or at the clean image. */
  readonly randomStart: boolean;
  /** Momentum μ: follow g ← μ·g + ∇/‖∇‖₁ instead of ∇. */
  readonly decay?: number;
  /** The direction of a step, of length 1; by default the one in which a linear loss grows fastest. */
  readonly direction?: Direction;
}

type Direction = (gradient: tf.Tensor4D, at: tf.Tensor4D, bounds: readonly [number, number]) => tf.Tensor4D;

/**
 * Makes the function that gives the length of a step for an ε.
 *
 * @param share of ε, used if neither `relativeStep` nor `stepSize` is given.
 * @throws WeightmapError if both are given, a length is not positive, the number of steps is not a whole number ≥ 1, or all
 *   steps of that share together are shorter than ε.
 */
export function stepOf(
  { stepSize, relativeStep }: Pick<AscentOptions, 'stepSize' | 'relativeStep'>,
  steps: number,
  share: number,
): (ε: number) => number {
  checkCount(steps, 'steps');
  if (stepSize !== undefined && relativeStep !== undefined)
    throw new WeightmapError('Both relativeStep and stepSize are given.', {
      where: `relativeStep: ${relativeStep}, stepSize: ${stepSize}`,
      expected: 'at most one of them',
    });
  for (const [name, length] of Object.entries({ stepSize, relativeStep }))
    if (length !== undefined && !(length > 0 && Number.isFinite(length)))
      throw new WeightmapError(`Invalid step length: ${length}.`, {
        where: name,
        expected: 'a finite number above 0',
      });
  if (stepSize !== undefined) return () => stepSize;
  const relative = relativeStep ?? share;
  checkReach(steps, relative, 1, 'ε');
  return (ε) => relative * ε;
}

/**
 * Length of a step as a share of ε, such that all steps together are 2.5 ε long and can cross the ball from any start, and no
 * step is shorter than ε/30.
 */
export const madryShare = (steps: number): number => Math.max(1 / 30, 2.5 / steps);

/** @throws WeightmapError unless the count is a whole number ≥ 1. */
export function checkCount(count: number, name: string): void {
  if (Number.isInteger(count) && count >= 1) return;
  throw new WeightmapError(`Invalid number of ${name}: ${count}.`, {
    where: `${name}: ${count}`,
    expected: 'a whole number ≥ 1',
  });
}

/** @throws WeightmapError if all steps together are shorter than ε: the attack would be weak without notice. */
export function checkReach(steps: number, size: number, ε: number, unit?: 'ε'): void {
  // 1/steps · steps may be slightly less than 1.
  if (steps * size >= ε * (1 - 1e-6)) return;
  const text = (value: number) => `${Number(value.toPrecision(6))}${unit ? ` ${unit}` : ''}`;
  const [length, radius] = [text(steps * size), unit ?? `ε = ${ε}`];
  throw new WeightmapError(
    `The steps of the attack are too short: ${steps} steps of ${text(size)} are ${length}, less than ${radius}.`,
    {
      expected: 'steps × step length ≥ ε',
      fix: 'omit the step length, whose default grows as the number of steps falls, or take more steps',
    },
  );
}

type State = AttackBatch &
  Worst & {
    /** x, the current point. */
    readonly at: tf.Tensor4D;
    /** g, with momentum. */
    readonly velocity?: tf.Tensor4D;
  };

type Inputs = Readonly<Record<string, tf.Tensor>>;

/**
 * Makes a method of projected gradient ascent: x ← clip(project(x + step · direction(∇loss))), from the clean image or a
 * random point. The result is the worst image of all steps, including the last.
 */
export function ascent(plan: AscentPlan): AttackMethod['perturb'] {
  const { norm, steps, restarts, decay, randomStart, stopWhenFooled: stop } = plan;
  checkCount(restarts, 'restarts');
  const lossFor = (targets: tf.Tensor1D | undefined): LossName => aimed(plan.loss, targets !== undefined);
  const direction: Direction = plan.direction ?? ((gradient) => norms[norm].normalize(gradient));

  const begin: VictimStep<Inputs, { at: tf.Tensor4D }> =
    (model) =>
    ({ images, noise, epsilon: ε }) => ({
      at: confinedTo(norm, model)(images.add(noise.mul(ε)), images as tf.Tensor4D, ε),
    });

  const move: VictimStep<State & Inputs, Omit<State, keyof AttackBatch>> =
    (model) =>
    ({ images, labels, targets, at: x, velocity, epsilon: ε, size, ...worst }) => {
      const loss = lossFor(targets);
      const found = model.gradient({ images: x, labels, targets, loss });
      const hit = fools(found.logits, labels, targets, model.answers);
      const momentum = velocity && {
        velocity: velocity.mul<tf.Tensor4D>(decay!).add<tf.Tensor4D>(unit(found.gradient)),
      };
      const step = direction(momentum?.velocity ?? found.gradient, x, model.bounds).mul(size);
      return {
        ...keepWorst(worst, { images: x, loss: found.loss, hit }, { stop }),
        ...momentum,
        at: confinedTo(norm, model)(x.add(step), images, ε),
      };
    };

  const look: VictimStep<State & Inputs, Worst> =
    (model) =>
    ({ labels, targets, at, ...worst }) =>
      keepWorst(worst, candidateAt(model, at, { labels, targets }, plan.loss), { stop });

  return (victim, batch, options) => {
    const { images } = batch;
    const width = victim.bounds[1] - victim.bounds[0];
    for (const strength of options.strengths)
      checkReach(steps, plan.stepOf(strength), norm === 'linf' ? Math.min(strength, width) : strength);
    return eachStrength(images, options, (strength, random) => {
      const [epsilon, size] = [tf.scalar(strength), tf.scalar(plan.stepOf(strength))];
      const momentum = decay === undefined ? {} : { velocity: tf.zerosLike(images) };
      const start: State = { ...batch, ...nothingFound(images), at: images, ...momentum };
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
        { stop, wanted: (options as Filled).wanted },
      );
    });
  };

  function noiseFor(random: RandomStream, { shape }: tf.Tensor4D): tf.Tensor4D {
    const [count, ...image] = shape;
    const pixels = image.reduce((a, b) => a * b, 1);
    return tf.tensor4d(insideBall[norm](random, count, pixels), shape);
  }
}

/** ∇ / ‖∇‖₁, or 0 if ∇ is 0. */
const unit = (gradient: tf.Tensor4D): tf.Tensor4D =>
  gradient.div(nonZero(gradient.abs().sum([1, 2, 3], true)));
