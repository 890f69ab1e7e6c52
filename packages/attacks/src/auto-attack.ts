import * as tf from '@tensorflow/tfjs';
import {
  predictClasses,
  randomStream,
  type Attack,
  type AttackBatch,
  type AttackOptions,
  type AttackOutcome,
  type Classifier,
} from '@weightmap/core';
import { apgdCe } from './ascent/apgd-ce.js';
import { apgdDlr } from './ascent/apgd-dlr.js';
import { apgdMargin } from './ascent/apgd-margin.js';
import { apgdT } from './ascent/apgd-t.js';
import { square } from './black-box/square.js';
import { checkInputs } from './harness/_inputs.js';
import type { Filled } from './harness/_rows.js';
import { judged } from './harness/evaluate.js';
import { losses } from './harness/losses.js';
import { fab } from './search/fab.js';

/** The attacks that the ensemble consists of. */
export interface AutoAttackOptions {
  /** `plus` adds APGD-DLR and the FAB of all classes at once, and starts APGD at five random points. */
  version?: 'standard' | 'plus';
  /** Attacks on L∞ to run instead, in this order. */
  attacks?: readonly Attack[];
}

/** The version, and the problem that it is for. */
export interface AutoAttackMembersOptions extends Pick<AutoAttackOptions, 'version'> {
  /** Number of classes of the classifier. */
  classes: number;
  /** Whether the attack has targets. */
  targeted?: boolean;
}

/**
 * The attacks that AutoAttack consists of, in order. Each attack gets only the images that all attacks before it failed on.
 *
 * | classes   | standard                             | plus                                                     |
 * | --------- | ------------------------------------ | -------------------------------------------------------- |
 * | 4 or more | APGD-CE, APGD-T, FAB-T, Square       | APGD-CE ×5, APGD-DLR ×5, FAB, Square, APGD-T, FAB-T       |
 * | 3         | APGD-CE, APGD-DLR, FAB-T, Square     | APGD-CE ×5, APGD-DLR ×5, FAB, Square, FAB-T               |
 * | 2         | APGD-CE, APGD-margin, FAB-T, Square  | APGD-CE ×5, APGD-margin ×5, FAB, Square                   |
 *
 * With ×5, APGD starts at five random points. The difference of logits ratio needs 3 classes, and 4 for its targeted form, as
 * in APGD-T; with fewer classes the margin replaces it. With `targeted` the attacks are APGD-CE, APGD-T (with fewer than 4
 * classes APGD-margin), FAB and Square, all towards the given classes.
 *
 * The list depends only on the number of classes, not on ε or on the results of an attack.
 */
export function autoAttackMembers({
  version = 'standard',
  classes,
  targeted = false,
}: AutoAttackMembersOptions): readonly Attack[] {
  const restarts = version === 'plus' ? 5 : 1;
  const ce = apgdCe({ restarts });
  const hasTargetedRatio = classes >= losses['dlr-targeted'].minClasses;
  const ratio = (classes >= losses.dlr.minClasses ? apgdDlr : apgdMargin)({ restarts });
  if (targeted)
    return [ce, hasTargetedRatio ? apgdT({ restarts }) : apgdMargin({ restarts }), fab(), square()];
  if (version === 'standard') return [ce, hasTargetedRatio ? apgdT() : ratio, fab({ aims: 9 }), square()];
  return [
    ce,
    ratio,
    fab(),
    square(),
    ...(hasTargetedRatio ? [apgdT()] : []),
    // With two classes there is only one other: FAB-T equals FAB.
    ...(classes > 2 ? [fab({ aims: 9 })] : []),
  ];
}

/**
 * AutoAttack on L∞: several attacks in turn, each on the images that all attacks before it failed on; an image is robust if
 * all of them fail. `standard` is APGD-CE, APGD-T, FAB-T and Square; `plus` is APGD-CE, APGD-DLR, FAB, Square, APGD-T and
 * FAB-T. If every attack fails on an image, the result is that of the first attack.
 *
 * APGD-T needs 4 classes. With 3 classes APGD-DLR replaces it, and with 2, for which that is not defined either, Auto-PGD on
 * the margin (see `autoAttackMembers`).
 *
 * With given targets every attack aims at them: APGD maximises the cross-entropy and the ratio of the target, FAB moves onto
 * the target's plane, Square raises the target's margin, and only the target counts as a success. APGD-T and FAB-T are then
 * one search; what `plus` would do twice is left out, and so is each of the `attacks` that does not support targets.
 *
 * Its cost is the sum over all attacks, including the passes in which the harness classifies their results. Every strength is
 * attacked separately, also by the attacks that search for a minimal change.
 *
 * Note: with other parameters of its attacks it is another AutoAttack: report the version with the result. Its cost grows
 * with the number of robust images.
 *
 * Its `run` throws a WeightmapError if one of the given `attacks` needs more classes.
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690, section 6.
 *
 * Tested: on a linear classifier, where it succeeds exactly on the images whose boundary is within ε, also with two and
 * three classes; by the images that each attack gets.
 */
export function autoAttack({ version = 'standard', attacks }: AutoAttackOptions = {}): AutoAttack {
  const canAim = attacks?.filter((attack) => attack.targeted);
  const known = new Map<string, readonly Attack[]>();
  const membersFor = (classes: number, targeted: boolean): readonly Attack[] => {
    if (attacks && canAim) return targeted ? canAim : attacks;
    // Keep the attacks between runs, to reuse their compiled steps.
    const key = `${Math.min(classes, 4)} ${targeted}`;
    const members = known.get(key) ?? autoAttackMembers({ version, classes, targeted });
    known.set(key, members);
    return members;
  };

  /** The worst images at one strength. @param open positions of the images to attack. */
  function worstOf(
    { classifier, spent }: Ensemble,
    batch: AttackBatch,
    { strength, seed, open: all }: Omit<TurnOptions, 'turn'>,
  ): tf.Tensor4D {
    const count = batch.images.shape[0];
    let found = batch.images;
    let open = all;
    membersFor(classifier.classes, batch.targets !== undefined).forEach((attack, turn) => {
      if (open.length === 0) return;
      const { outcome, positions } = takeTurn(attack, classifier, batch, { turn, strength, seed, open });
      spent.forwards += outcome.cost.forwards + positions.length * (attack.kind === 'minimal' ? 2 : 1);
      spent.backwards += outcome.cost.backwards;
      const from = Int32Array.from({ length: count }, (_, i) => i);
      for (let row = 0; row < open.length; row++)
        if (outcome.succeeded[row] || turn === 0) from[open[row]] = count + row;
      found = tf.gather(tf.concat([found, outcome.adversarial], 0), tf.tensor1d(from, 'int32'));
      open = open.filter((_, row) => !outcome.succeeded[row]);
    });
    return found;
  }

  const ensemble = judged({
    id: 'auto-attack',
    label: version === 'plus' ? 'AutoAttack+' : 'AutoAttack',
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm: 'linf',
    targeted: canAim === undefined || canAim.length > 0,
    usesGradient: true,
    leastClasses: Math.max(2, ...(attacks ?? []).map(({ leastClasses }) => leastClasses ?? 2)),
    source: 'Croce & Hein, arXiv:2003.01690',
    perturb(_victim, batch, options) {
      const { strengths, random, classifier, spent } = options as AttackOptions & Ensemble;
      const { images, labels, targets } = batch;
      const seed = random.seed();
      const [truth, aims] = [labels.dataSync(), targets?.dataSync()];
      const guesses = predictClasses(classifier, images);
      spent.forwards += guesses.length;
      const { answers = classifier.classes } = classifier;
      // An image that the classifier abstains from may be attacked into a wrong answer.
      const open = [...guesses.keys()].filter((i) =>
        aims ? guesses[i] !== aims[i] : guesses[i] === truth[i] || guesses[i] >= answers,
      );
      return strengths.map((strength) =>
        strength === 0
          ? images
          : tf.tidy(() => worstOf({ classifier, spent }, batch, { strength, seed, open }).clone()),
      );
    },
  });

  return {
    ...ensemble,
    members: (classes) => membersFor(classes, false),
    turn(classifier, images, labels, options) {
      const checked = checkInputs(ensemble, classifier, { images, labels });
      try {
        const attack = membersFor(classifier.classes, false)[options.turn];
        return takeTurn(attack, classifier, checked.batch, options).outcome;
      } finally {
        checked.dispose();
      }
    },
    run(classifier, images, labels, options) {
      const spent = { forwards: 0, backwards: 0 };
      const given: AttackOptions & Ensemble = { ...options, classifier, spent };
      return ensemble
        .run(classifier, images, labels, given)
        .map((outcome) => ({ ...outcome, cost: { ...spent } }));
    },
  };
}

/** One attack of the ensemble at one strength. */
export interface TurnOptions {
  /** Position of the attack in `members`. */
  readonly turn: number;
  /** The radius, in units of pixels. */
  readonly strength: number;
  /** The first number of the stream that `run` would get: the same seed gives the same images. */
  readonly seed: number;
  /** Positions of the images that all attacks before failed on. */
  readonly open: readonly number[];
}

/** AutoAttack, which can also be run attack by attack, so that a long run can be stopped and continued in between. */
export interface AutoAttack extends Attack {
  /** The attacks without targets, in order, for a number of classes. */
  readonly members: (classes: number) => readonly Attack[];
  /**
   * Runs one of the attacks as `run` does.
   *
   * @returns its outcome: row i belongs to image `open[i]`; the other rows fill up the batch. The caller disposes the images.
   */
  turn(classifier: Classifier, images: tf.Tensor4D, labels: tf.Tensor1D, options: TurnOptions): AttackOutcome;
}

/** Runs an attack on the open images, filled up to a batch. */
function takeTurn(
  attack: Attack,
  classifier: Classifier,
  { images, labels, targets }: AttackBatch,
  { turn, strength, seed, open }: TurnOptions,
): { outcome: AttackOutcome; positions: number[] } {
  const positions = filledUp(open, images.shape[0], attack.kind === 'minimal' && attack.usesGradient);
  const rows = tf.tensor1d(positions, 'int32');
  const [chosen, truth] = [tf.gather(images, rows), tf.gather(labels, rows)];
  const aims = targets && tf.gather(targets, rows);
  try {
    const options: AttackOptions & Filled = {
      ...(aims && { targets: aims }),
      strengths: [strength],
      random: randomStream(seed, turn, attack.id),
      wanted: open.length,
    };
    const [outcome] = attack.run(classifier, chosen, truth, options);
    return { outcome, positions };
  } finally {
    tf.dispose([rows, chosen, truth, ...(aims ? [aims] : [])]);
  }
}

/** Passed to `perturb` in addition to an attack's options: the members attack the classifier itself. */
interface Ensemble {
  readonly classifier: Classifier;
  readonly spent: { forwards: number; backwards: number };
}

/**
 * Adds other positions until there are as many as the batch has images, or a half, a quarter, an eighth of them: each size
 * is compiled separately.
 *
 * @param fine whether every eighth will do: for attacks that make no random numbers, since those depend on the size.
 */
function filledUp(open: readonly number[], batch: number, fine: boolean): number[] {
  let size = batch;
  for (let i = 0; i < 3 && Math.ceil(size / 2) >= open.length; i++) size = Math.ceil(size / 2);
  if (fine) size = Math.ceil((Math.ceil((8 * open.length) / batch) * batch) / 8);
  const others = Array.from({ length: batch }, (_, i) => i).filter((i) => !open.includes(i));
  return [...open, ...others].slice(0, size);
}
