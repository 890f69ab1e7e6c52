import * as tf from '@tensorflow/tfjs';
import type { AttackBatch, LossName, RandomStream, Victim, VictimModel, VictimStep } from '@weightmap/core';
import { takeTurns, type Filled, type Rows, type Turn } from '../harness/_rows.js';
import type { Starts } from '../harness/_starts.js';
import { fools, keepWorst, nothingFound, perImage, type Worst } from '../harness/_worst.js';
import { aimed } from '../harness/losses.js';
import type { AscentRule, Climbed, Pace } from './_ascent-rule.js';
import { halvingRule } from './_halving-rule.js';
import { sparseRule } from './_sparse-rule.js';

/** The images, with the classes that the loss draws towards if any class but the label counts as a success. */
type Given = AttackBatch & { readonly towards?: tf.Tensor1D };

/** All [rows, …]. */
type State = Given &
  Worst &
  Pace & {
    /** x and ∇loss(x), now and one step before. */
    readonly at: tf.Tensor4D;
    readonly before: tf.Tensor4D;
    readonly gradient: tf.Tensor4D;
    readonly loss: tf.Tensor1D;
    /** The point of largest loss since the start, and ∇loss there. */
    readonly best: tf.Tensor4D;
    readonly bestGradient: tf.Tensor4D;
    readonly bestLoss: tf.Tensor1D;
    /** How often the loss rose since the last checkpoint. */
    readonly rises: tf.Tensor1D;
  };

type Inputs = Readonly<Record<string, tf.Tensor>>;
type Changed = Omit<State, keyof Given>;

/** Number of steps and starts of Auto-PGD. */
export interface AutoAscentOptions {
  /** Steps from each start. */
  steps?: number;
  /** Number of starts, at different random points. An image that is fooled is not attacked again. */
  restarts?: number;
}

const ascentRules = {
  linf: halvingRule('linf'),
  l2: halvingRule('l2'),
  l1: sparseRule,
} as const satisfies Record<string, AscentRule>;

/** A complete configuration of Auto-PGD. */
export interface AutoAscentPlan extends Required<AutoAscentOptions> {
  readonly norm: keyof typeof ascentRules;
  readonly loss: LossName;
}

/** The input of one run, at one ε. */
export interface AutoAscentTask extends Filled {
  readonly batch: AttackBatch;
  /** [batch] each: classes to draw towards, one after the other, with all `restarts` for each. */
  readonly towards?: readonly tf.Tensor1D[] | undefined;
  readonly epsilon: number;
  readonly random: RandomStream;
}

/**
 * Makes a function that runs Auto-PGD (Croce & Hein, algorithm 1): from a random x⁰,
 *
 *     z  = P(xᵏ + η · d(∇loss(xᵏ)))
 *     xᵏ⁺¹ = P(xᵏ + α (z − xᵏ) + (1 − α)(xᵏ − xᵏ⁻¹)),   α = 0.75, but 1 in the first step, and always in L1
 *
 * with P the projection onto the ball and the bounds, and d the direction of a step, of length 1. At checkpoints η is
 * adapted for each image, and the search may continue from the point of largest loss so far. The start, d, P, η and the
 * checkpoints are the rule of the norm: see `_halving-rule.ts` for L∞ and L2, `_sparse-rule.ts` for L1.
 *
 * The result is the first adversarial image found, else the image of largest loss.
 */
export function autoAscent({ steps, restarts, loss, norm }: AutoAscentPlan) {
  const rule: AscentRule = ascentRules[norm];
  const due = rule.due(steps);

  const evaluate = (
    model: VictimModel,
    at: tf.Tensor4D,
    { labels, targets, towards }: Omit<Given, 'images'>,
    worst: Worst,
  ) => {
    const aims = targets ?? towards;
    const found = model.gradient({
      images: at,
      labels,
      targets: aims,
      loss: aimed(loss, aims !== undefined),
    });
    const hit = fools(found.logits, labels, targets, model.answers);
    return { found, worst: keepWorst(worst, { images: at, loss: found.loss, hit }, { stop: true }) };
  };

  const begin: VictimStep<Given & Worst & Inputs, Changed> =
    (model) =>
    ({ images, labels, targets, towards, noise, epsilon, ...before }) => {
      const from = rule.begin(model, images, noise as tf.Tensor4D, epsilon);
      const at = rule.confine(model)(from, images, epsilon);
      const { found, worst } = evaluate(model, at, { labels, targets, towards }, before);
      return {
        ...worst,
        ...rule.firstPace(found.loss, images, epsilon),
        at,
        before: at.clone(),
        gradient: found.gradient,
        loss: found.loss,
        best: at.clone(),
        bestGradient: found.gradient.clone(),
        bestLoss: found.loss.clone(),
        rises: tf.zerosLike(found.loss),
      };
    };

  const move: VictimStep<State & Inputs, Omit<Changed, keyof Pace>> =
    (model) =>
    ({ images, labels, targets, towards, at: x, before, gradient, epsilon, alpha: α, ...state }) => {
      const confine = rule.confine(model);
      const step = rule.direction(gradient, state).mul<tf.Tensor4D>(perImage(state.eta));
      const z = confine(x.add(step), images, epsilon);
      const withMomentum = () => {
        const inertia = x.sub(before).mul(tf.sub(1, α));
        return confine(x.add(z.sub(x).mul<tf.Tensor4D>(α)).add(inertia), images, epsilon);
      };
      const next = rule.momentum === undefined ? z : withMomentum();
      const { found, worst } = evaluate(model, next, { labels, targets, towards }, state);
      const improved = found.loss.greater(state.bestLoss);
      const mask = perImage(improved as tf.Tensor1D);
      return {
        ...worst,
        at: next,
        before: x.clone(),
        gradient: found.gradient,
        loss: found.loss,
        best: tf.where(mask, next, state.best),
        bestGradient: tf.where(mask, found.gradient, state.bestGradient),
        bestLoss: tf.where(improved, found.loss, state.bestLoss),
        rises: state.rises.add(found.loss.greater(state.loss).cast('float32')),
      };
    };

  const adjust: VictimStep<
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

  return (victim: Victim, { batch, towards, epsilon: size, random, wanted }: AutoAscentTask) => {
    const [epsilon, first, later] = [tf.scalar(size), tf.scalar(1), tf.scalar(rule.momentum ?? 1)];
    const turnsEach = steps + 1;

    const restart = (rows: State, { index, pick }: Turn): Partial<State> => {
      const noise = pick(noiseFor(rule.noise, random, batch.images));
      const start = Math.floor(index / turnsEach);
      // A copy, because rows are freed when they are replaced.
      const aims = towards && { towards: pick(towards[Math.floor(start / restarts)]).clone() };
      const { images, labels, targets, found, foundLoss, fooled } = rows;
      const given: Given & Worst = {
        images,
        labels,
        found,
        foundLoss,
        fooled,
        ...(targets && { targets }),
        ...aims,
      };
      return { ...victim.compute(begin, { ...given, noise, epsilon }), ...aims };
    };

    const advance = (rows: State, turn: Turn): Partial<State> => {
      const step = turn.index % turnsEach;
      if (step === 0) return restart(rows, turn);
      const moved = victim.compute(move, { ...rows, epsilon, alpha: step === 1 ? first : later });
      const checkpoint = due.indexOf(step);
      if (checkpoint < 0 || step === steps) return moved;
      const interval = tf.scalar(step - (checkpoint > 0 ? due[checkpoint - 1] : 0));
      return { ...moved, ...victim.compute(adjust, { ...rows, ...moved, interval, epsilon }) };
    };

    return takeTurns<Rows>(
      { ...batch, ...nothingFound(batch.images) },
      restarts * (towards?.length ?? 1) * turnsEach,
      (rows, turn) => advance(rows as State, turn),
      { stop: true, wanted },
    );
  };
}

function noiseFor(noise: Starts, random: RandomStream, { shape }: tf.Tensor4D): tf.Tensor4D {
  const [count, ...image] = shape;
  const size = image.reduce((a, b) => a * b, 1);
  return tf.tensor4d(noise(random, count, size), shape);
}
