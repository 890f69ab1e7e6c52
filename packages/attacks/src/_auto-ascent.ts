import * as tf from '@tensorflow/tfjs';
import type { LossName, RandomStream, Victim, VictimModel, VictimStep } from '@weightmap/core';
import { confinedTo } from './_ascent.js';
import { norms } from './_norms.js';
import { takeTurns, type Rows, type Turn } from './_rows.js';
import { onLinfBall } from './_starts.js';
import { fools, keepWorst, nothingFound, perImage, type Worst } from './_worst.js';
import { aimed } from './losses.js';

/** Share of improving steps below which the step is halved. */
const RHO = 0.75;
/** Weight of the new step; the rest is that of the step before. */
const MOMENTUM = 0.75;

/**
 * The iterations w_1 < w_2 < … after which the step may be halved: w_j = ⌈p_j N⌉ with p_0 = 0, p_1 = 0.22 and
 * p_{j+1} = p_j + max(p_j − p_{j−1} − 0.03, 0.06) (Croce & Hein, section 3.1).
 */
export function checkpoints(steps: number): number[] {
  // In hundredths, which are whole: rounding must not lift ⌈0.41 · 100⌉ to 42.
  const points: number[] = [];
  for (let before = 0, point = 22; point <= 100;) {
    points.push(Math.ceil((point * steps) / 100));
    [before, point] = [point, point + Math.max(point - before - 3, 6)];
  }
  return [...new Set(points)];
}

/**
 * The two conditions for halving an image's step at a checkpoint.
 *
 * @param state [rows] each: see `State`; `interval` are the steps since the checkpoint before, a scalar.
 * @returns [rows], bool
 */
export function toBeHalved({
  rises,
  interval,
  bestLoss,
  checkedLoss,
  halved,
}: Pick<State, 'rises' | 'bestLoss' | 'checkedLoss' | 'halved'> & { interval: tf.Tensor }): tf.Tensor1D {
  const fewRises = rises.less(interval.mul(RHO));
  const stuck = halved.equal(0).logicalAnd(bestLoss.equal(checkedLoss));
  return fewRises.logicalOr(stuck);
}

/** All [rows, …]. */
type State = Worst & {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  /** The classes that the images are to be taken for. */
  readonly targets?: tf.Tensor1D;
  /** The classes that the loss draws towards, if any class but the label will do. */
  readonly towards?: tf.Tensor1D;
  /** x and ∇loss(x), here and one step before. */
  readonly at: tf.Tensor4D;
  readonly before: tf.Tensor4D;
  readonly gradient: tf.Tensor4D;
  readonly loss: tf.Tensor1D;
  /** Where the loss was largest since the start, and ∇loss there. */
  readonly best: tf.Tensor4D;
  readonly bestGradient: tf.Tensor4D;
  readonly bestLoss: tf.Tensor1D;
  /** The step η. */
  readonly eta: tf.Tensor1D;
  /** Since the last checkpoint: how often the loss rose; the best loss then, and whether η was halved then (1 or 0). */
  readonly rises: tf.Tensor1D;
  readonly checkedLoss: tf.Tensor1D;
  readonly halved: tf.Tensor1D;
};

type Inputs = Readonly<Record<string, tf.Tensor>>;
type Given = Pick<State, 'images' | 'labels' | 'targets' | 'towards'>;
type Changed = Omit<State, keyof Given>;

export interface AutoAscentOptions {
  /** Steps from each start. */
  steps?: number;
  /** How often to begin, at other random points; a sample that is fooled isn't attacked again. */
  restarts?: number;
}

export interface AutoAscentPlan extends Required<AutoAscentOptions> {
  readonly loss: LossName;
}

/** What to attack with one ε. */
export interface AutoAscentTask {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  readonly targets?: tf.Tensor1D | undefined;
  /** [batch] each: classes to draw towards, one after the other, all `restarts` for each. */
  readonly towards?: readonly tf.Tensor1D[];
  readonly epsilon: number;
  readonly random: RandomStream;
}

/**
 * Auto-PGD on L∞ (Croce & Hein, algorithm 1): from a random x⁰ on the ball's surface and η = 2ε,
 *
 *     z  = P(xᵏ + η · sign ∇loss(xᵏ))
 *     xᵏ⁺¹ = P(xᵏ + α (z − xᵏ) + (1 − α)(xᵏ − xᵏ⁻¹)),   α = 0.75, but 1 in the first step
 *
 * with P the projection onto the ball and the bounds. At a checkpoint w_j an image's η is halved, and the search goes on
 * from the point of largest loss so far, if
 *
 * 1. fewer than ρ = 0.75 of the steps since w_{j−1} raised the loss, or
 * 2. η was not halved at w_{j−1} and the largest loss is the same as then.
 *
 * The first image found that fools is the result; where none does, that of largest loss.
 */
export function autoAscent({ steps, restarts, loss }: AutoAscentPlan) {
  const due = checkpoints(steps);

  const evaluate = (
    model: VictimModel,
    at: tf.Tensor4D,
    { labels, targets, towards }: Given,
    worst: Worst,
  ) => {
    const aims = targets ?? towards;
    const name = aimed(loss, aims !== undefined);
    const found = model.gradient({ images: at, labels, targets: aims, loss: name });
    const hit = fools(found.logits, labels, targets);
    return { found, worst: keepWorst(worst, { images: at, loss: found.loss, hit }, { stop: true }) };
  };

  const begin: VictimStep<Given & Worst & Inputs, Changed> =
    (model) =>
    ({ images, labels, targets, towards, noise, epsilon, found: worstImages, foundLoss, fooled }) => {
      const at = confinedTo('linf', model)(images.add(noise.mul(epsilon)), images, epsilon);
      const { found, worst } = evaluate(
        model,
        at,
        { images, labels, targets, towards },
        { found: worstImages, foundLoss, fooled },
      );
      const none = tf.zerosLike(found.loss);
      return {
        ...worst,
        ...{ at, before: at.clone(), gradient: found.gradient, loss: found.loss },
        ...{ best: at.clone(), bestGradient: found.gradient.clone(), bestLoss: found.loss.clone() },
        ...{
          eta: none.add(epsilon.mul(2)),
          rises: none,
          checkedLoss: found.loss.clone(),
          halved: none.clone(),
        },
      };
    };

  const move: VictimStep<State & Inputs, Omit<Changed, 'eta' | 'checkedLoss' | 'halved'>> =
    (model) =>
    ({ images, labels, targets, towards, at, before, gradient, epsilon, alpha, ...state }) => {
      const confine = confinedTo('linf', model);
      const step = norms.linf.normalize(gradient).mul<tf.Tensor4D>(perImage(state.eta));
      const z = confine(at.add(step), images, epsilon);
      const inertia = at.sub(before).mul(tf.sub(1, alpha));
      const next = confine(at.add(z.sub(at).mul<tf.Tensor4D>(alpha)).add(inertia), images, epsilon);
      const { found, worst } = evaluate(model, next, { images, labels, targets, towards }, state);
      const improved = found.loss.greater(state.bestLoss);
      const mask = perImage(improved as tf.Tensor1D);
      return {
        ...worst,
        ...{ at: next, before: at.clone(), gradient: found.gradient, loss: found.loss },
        best: tf.where(mask, next, state.best),
        bestGradient: tf.where(mask, found.gradient, state.bestGradient),
        bestLoss: tf.where(improved, found.loss, state.bestLoss),
        rises: state.rises.add(found.loss.greater(state.loss).cast('float32')),
      };
    };

  const check: VictimStep<
    State & Inputs,
    Omit<Changed, keyof Worst | 'before' | 'best' | 'bestGradient' | 'bestLoss'>
  > =
    () =>
    ({
      at,
      gradient,
      loss: lossHere,
      best,
      bestGradient,
      bestLoss,
      eta,
      rises,
      checkedLoss,
      halved,
      interval,
    }) => {
      const halve = toBeHalved({ rises, interval, bestLoss, checkedLoss, halved });
      const mask = perImage(halve);
      return {
        at: tf.where(mask, best, at),
        gradient: tf.where(mask, bestGradient, gradient),
        loss: tf.where(halve, bestLoss, lossHere),
        eta: tf.where(halve, eta.div<tf.Tensor1D>(2), eta),
        rises: tf.zerosLike(rises),
        checkedLoss: bestLoss.clone(),
        halved: halve.cast('float32'),
      };
    };

  return (victim: Victim, { images, labels, targets, towards, epsilon: size, random }: AutoAscentTask) => {
    const [epsilon, first, later] = [tf.scalar(size), tf.scalar(1), tf.scalar(MOMENTUM)];
    const turnsEach = steps + 1;
    const aim = targets ? { targets } : {};
    const start = { ...nothingFound(images), images, labels, ...aim };

    const advance = (rows: Rows, { index, pick }: Turn): Partial<State> => {
      const turn = index % turnsEach;
      if (turn === 0) {
        const noise = pick(noiseFor(random, images));
        const restart = Math.floor(index / turnsEach);
        // A copy: rows are freed when they are replaced.
        const class_ = towards && pick(towards[Math.floor(restart / restarts)]).clone();
        const given = { ...(rows as State), ...(class_ && { towards: class_ }) };
        const { found, foundLoss, fooled } = given;
        const asked = { images: given.images, labels: given.labels, ...aimOf(given) };
        return {
          ...victim.compute(begin, { ...asked, found, foundLoss, fooled, noise, epsilon }),
          ...(class_ && { towards: class_ }),
        };
      }
      const state = rows as State;
      const moved = victim.compute(move, { ...state, epsilon, alpha: turn === 1 ? first : later });
      const checkpoint = due.indexOf(turn);
      if (checkpoint < 0 || turn === steps) return moved;
      const interval = tf.scalar(turn - (checkpoint > 0 ? due[checkpoint - 1] : 0));
      return { ...moved, ...victim.compute(check, { ...state, ...moved, interval }) };
    };

    const starts = restarts * (towards?.length ?? 1);
    return takeTurns(start as Rows, starts * turnsEach, advance, {
      stop: true,
    });
  };
}

const aimOf = ({ targets, towards }: Given) => ({ ...(targets && { targets }), ...(towards && { towards }) });

function noiseFor(random: RandomStream, { shape }: tf.Tensor4D): tf.Tensor4D {
  const [count, ...image] = shape;
  return tf.tensor4d(
    onLinfBall(
      random,
      count,
      image.reduce((a, b) => a * b, 1),
    ),
    shape,
  );
}
