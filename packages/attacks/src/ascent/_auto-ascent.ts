import * as tf from '@tensorflow/tfjs';
import type { LossName, RandomStream, Victim, VictimModel, VictimStep } from '@weightmap/core';
import type { AscentRule, Climbed, Pace } from './_ascent-rule.js';
import { halvingRule } from './_halving-rule.js';
import { takeTurns, type Rows, type Turn } from '../harness/_rows.js';
import { sparseRule } from './_sparse-rule.js';
import type { Starts } from '../harness/_starts.js';
import { fools, keepWorst, nothingFound, perImage, type Worst } from '../harness/_worst.js';
import { aimed } from '../harness/losses.js';

/** All [rows, …]. */
type State = Worst &
  Pace & {
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
    /** How often the loss rose since the last checkpoint. */
    readonly rises: tf.Tensor1D;
  };

type Inputs = Readonly<Record<string, tf.Tensor>>;
type Given = Pick<State, 'images' | 'labels' | 'targets' | 'towards'>;
type Changed = Omit<State, keyof Given>;

/** How long Auto-PGD climbs, and how often it begins. */
export interface AutoAscentOptions {
  /** Steps from each start. */
  steps?: number;
  /** How often to begin, at other random points; a sample that is fooled isn't attacked again. */
  restarts?: number;
}

export const ascentRules = {
  linf: halvingRule('linf'),
  l2: halvingRule('l2'),
  l1: sparseRule,
} as const satisfies Record<string, AscentRule>;

export interface AutoAscentPlan extends Required<AutoAscentOptions> {
  readonly norm: keyof typeof ascentRules;
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
 * Auto-PGD (Croce & Hein, algorithm 1): from a random x⁰,
 *
 *     z  = P(xᵏ + η · d(∇loss(xᵏ)))
 *     xᵏ⁺¹ = P(xᵏ + α (z − xᵏ) + (1 − α)(xᵏ − xᵏ⁻¹)),   α = 0.75, but 1 in the first step, and always in L1
 *
 * with P the projection onto the ball and the bounds, and d the direction in which a step of length 1 leads. Now and then an
 * image's η changes, and the search goes on from the point of largest loss so far. The start, d, P, η and when it
 * changes are the rule of the norm: see `_halving-rule.ts` for L∞ and L2, `_sparse-rule.ts` for L1.
 *
 * The first image found that fools is the result; where none does, that of largest loss.
 */
export function autoAscent({ steps, restarts, loss, norm }: AutoAscentPlan) {
  const rule: AscentRule = ascentRules[norm];
  const due = rule.due(steps);

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
      const from = rule.begin(model, images, noise as tf.Tensor4D, epsilon);
      const at = rule.confine(model)(from, images, epsilon);
      const { found, worst } = evaluate(
        model,
        at,
        { images, labels, targets, towards },
        { found: worstImages, foundLoss, fooled },
      );
      return {
        ...worst,
        ...rule.firstPace(found.loss, images, epsilon),
        ...{ at, before: at.clone(), gradient: found.gradient, loss: found.loss },
        ...{ best: at.clone(), bestGradient: found.gradient.clone(), bestLoss: found.loss.clone() },
        rises: tf.zerosLike(found.loss),
      };
    };

  const move: VictimStep<State & Inputs, Omit<Changed, keyof Pace>> =
    (model) =>
    ({ images, labels, targets, towards, at, before, gradient, epsilon, alpha, ...state }) => {
      const confine = rule.confine(model);
      const step = rule.direction(gradient, state).mul<tf.Tensor4D>(perImage(state.eta));
      const z = confine(at.add(step), images, epsilon);
      const withMomentum = () => {
        const inertia = at.sub(before).mul(tf.sub(1, alpha));
        return confine(at.add(z.sub(at).mul<tf.Tensor4D>(alpha)).add(inertia), images, epsilon);
      };
      const next = rule.momentum === undefined ? z : withMomentum();
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
    State & Pick<Climbed, 'interval' | 'epsilon'>,
    Omit<Changed, keyof Worst | 'before' | 'best' | 'bestGradient' | 'bestLoss'>
  > =
    () =>
    ({ at, gradient, loss: lossHere, bestGradient, ...climbed }) => {
      const { pace, back } = rule.adjust(climbed);
      const { best, bestLoss, rises } = climbed;
      const mask = perImage(back);
      return {
        ...pace,
        at: tf.where(mask, best, at),
        gradient: tf.where(mask, bestGradient, gradient),
        loss: tf.where(back, bestLoss, lossHere),
        rises: tf.zerosLike(rises),
      };
    };

  return (victim: Victim, { images, labels, targets, towards, epsilon: size, random }: AutoAscentTask) => {
    const [epsilon, first, later] = [tf.scalar(size), tf.scalar(1), tf.scalar(rule.momentum ?? 1)];
    const turnsEach = steps + 1;
    const aim = targets ? { targets } : {};
    const start = { ...nothingFound(images), images, labels, ...aim };

    const advance = (rows: Rows, { index, pick }: Turn): Partial<State> => {
      const turn = index % turnsEach;
      if (turn === 0) {
        const noise = pick(noiseFor(rule.noise, random, images));
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
      return { ...moved, ...victim.compute(check, { ...state, ...moved, interval, epsilon }) };
    };

    const starts = restarts * (towards?.length ?? 1);
    return takeTurns(start as Rows, starts * turnsEach, advance, {
      stop: true,
    });
  };
}

const aimOf = ({ targets, towards }: Given) => ({ ...(targets && { targets }), ...(towards && { towards }) });

function noiseFor(noise: Starts, random: RandomStream, { shape }: tf.Tensor4D): tf.Tensor4D {
  const [count, ...image] = shape;
  const size = image.reduce((a, b) => a * b, 1);
  return tf.tensor4d(noise(random, count, size), shape);
}
