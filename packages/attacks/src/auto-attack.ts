import * as tf from '@tensorflow/tfjs';
import {
  predictClasses,
  randomStream,
  type Attack,
  type AttackOptions,
  type AttackOutcome,
  type Classifier,
} from '@weightmap/core';
import { apgdCe } from './ascent/apgd-ce.js';
import { apgdDlr } from './ascent/apgd-dlr.js';
import { apgdMargin } from './ascent/apgd-margin.js';
import { apgdT } from './ascent/apgd-t.js';
import { judged } from './harness/evaluate.js';
import { fab } from './search/fab.js';
import { losses } from './harness/losses.js';
import { square } from './black-box/square.js';

/** Which attacks the ensemble is made of. */
export interface AutoAttackOptions {
  /** `plus` adds APGD-DLR and the FAB of all classes at once, and begins APGD at five random points. */
  version?: 'standard' | 'plus';
  /** Attacks on L∞ to run instead, from the first to the last. */
  attacks?: readonly Attack[];
}

/** What AutoAttack is to be made of. */
export interface AutoAttackMembersOptions extends Pick<AutoAttackOptions, 'version'> {
  /** Of the classifier. */
  classes: number;
  /** Whether images are to be taken for given classes. */
  targeted?: boolean;
}

/**
 * The attacks that AutoAttack consists of, in their order; each is shown the images alone that all before it left standing.
 *
 * | classes   | standard                             | plus                                                     |
 * | --------- | ------------------------------------ | -------------------------------------------------------- |
 * | 4 or more | APGD-CE, APGD-T, FAB-T, Square       | APGD-CE ×5, APGD-DLR ×5, FAB, Square, APGD-T, FAB-T       |
 * | 3         | APGD-CE, APGD-DLR, FAB-T, Square     | APGD-CE ×5, APGD-DLR ×5, FAB, Square, FAB-T               |
 * | 2         | APGD-CE, APGD-margin, FAB-T, Square  | APGD-CE ×5, APGD-margin ×5, FAB, Square                   |
 *
 * With ×5, APGD begins at five random points. The difference of logits ratio needs 3 classes, and 4 where it is drawn
 * towards a class, as in APGD-T; the margin stands in for it. With `targeted` these are APGD-CE, APGD-T (with fewer than 4
 * classes APGD-margin), FAB and Square, all towards the given classes.
 *
 * It depends on the number of classes alone, never on ε or on what an attack finds.
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
    ...[ce, ratio, fab(), square()],
    ...(hasTargetedRatio ? [apgdT()] : []),
    // Of two classes there is one other: FAB is FAB-T.
    ...(classes > 2 ? [fab({ aims: 9 })] : []),
  ];
}

/**
 * AutoAttack on L∞: several attacks in turn, each on the images alone that still stand; an image is robust if it withstands
 * all of them. `standard` is APGD-CE, APGD-T, FAB-T and Square; `plus` is APGD-CE, APGD-DLR, FAB, Square, APGD-T and
 * FAB-T. Where nothing fools, the result is that of the first attack.
 *
 * APGD-T needs 4 classes. With 3 APGD-DLR takes its place, and with 2, where that isn't defined either, Auto-PGD on the
 * margin (see `autoAttackMembers`).
 *
 * With targets given every attack aims at them: APGD climbs the cross-entropy and the ratio of the target, FAB goes onto
 * the target's plane, Square raises the target's margin, and only the target counts. APGD-T and FAB-T are one search then,
 * what `plus` has twice is left out, as is each of the `attacks` that can't aim.
 *
 * Its cost is that of all attacks together, with the harness's looks at their results. Every strength is attacked anew,
 * by the attacks for a minimal change too.
 *
 * Note: an attack of its parts with other parameters is another AutoAttack: say which version. Its price is that of
 * the images that resist.
 *
 * Its `run` throws a WeightmapError if one of the given `attacks` needs more classes.
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690, section 6.
 *
 * Tested: on a linear classifier, where it fools exactly the images whose boundary is within ε, also with two and three
 * classes, and by which images each attack is shown.
 */
export function autoAttack({ version = 'standard', attacks }: AutoAttackOptions = {}): AutoAttack {
  const canAim = attacks?.filter((attack) => attack.targeted);
  const known = new Map<string, readonly Attack[]>();
  const membersFor = (classes: number, targeted: boolean): readonly Attack[] => {
    if (attacks && canAim) return targeted ? canAim : attacks;
    // The same attacks at each run: what they compile is found again.
    const key = `${Math.min(classes, 4)} ${targeted}`;
    const members = known.get(key) ?? autoAttackMembers({ version, classes, targeted });
    known.set(key, members);
    return members;
  };

  function worstOf(
    { classifier, spent }: Ensemble,
    { images, labels, targets, standing }: Standing,
    { strength, seed }: { strength: number; seed: number },
  ): tf.Tensor4D {
    const batch = images.shape[0];
    let found = images;
    let open = [...standing];
    membersFor(classifier.classes, targets !== undefined).forEach((attack, turn) => {
      if (open.length === 0) return;
      const { outcome, positions } = takeTurn(
        attack,
        { classifier, images, labels, targets },
        { turn, strength, seed, open },
      );
      spent.forwards += outcome.cost.forwards + positions.length * (attack.kind === 'minimal' ? 2 : 1);
      spent.backwards += outcome.cost.backwards;
      const from = Int32Array.from({ length: batch }, (_, i) => i);
      for (let row = 0; row < open.length; row++)
        if (outcome.succeeded[row] || turn === 0) from[open[row]] = batch + row;
      found = tf.gather(tf.concat([found, outcome.adversarial], 0), tf.tensor1d(from, 'int32'));
      open = open.filter((_, row) => !outcome.succeeded[row]);
    });
    return found;
  }

  const ensemble = judged({
    id: 'auto-attack',
    label: version === 'plus' ? 'AutoAttack+' : 'AutoAttack',
    kind: 'fixed',
    strength: 'epsilon',
    norm: 'linf',
    targeted: canAim === undefined || canAim.length > 0,
    usesGradient: true,
    leastClasses: Math.max(2, ...(attacks ?? []).map(({ leastClasses }) => leastClasses ?? 2)),
    source: 'Croce & Hein, arXiv:2003.01690',
    perturb(_victim, images, labels, options) {
      const { strengths, random, targets, classifier, spent } = options as AttackOptions & Ensemble;
      const seed = random.seed();
      const [truth, aims] = [labels.dataSync(), targets?.dataSync()];
      const guesses = predictClasses(classifier, images);
      spent.forwards += guesses.length;
      const standing = [...guesses.keys()].filter((i) =>
        aims ? guesses[i] !== aims[i] : guesses[i] === truth[i],
      );
      return strengths.map((strength) =>
        strength === 0
          ? images
          : tf.tidy(() =>
              worstOf(
                { classifier, spent },
                { images, labels, targets, standing },
                { strength, seed },
              ).clone(),
            ),
      );
    },
  });

  return {
    ...ensemble,
    members: (classes) => membersFor(classes, false),
    turn(classifier, images, labels, options) {
      const attack = membersFor(classifier.classes, false)[options.turn];
      return takeTurn(attack, { classifier, images, labels, targets: undefined }, options).outcome;
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
  /** Place of the attack in `members`. */
  readonly turn: number;
  /** The radius, in units of pixels. */
  readonly strength: number;
  /** The first number of the stream that `run` would be given: the same seed, the same images. */
  readonly seed: number;
  /** Positions of the images that no attack before has fooled. */
  readonly open: readonly number[];
}

/** AutoAttack, which can also be run attack by attack: a long run can be stopped and continued in between. */
export interface AutoAttack extends Attack {
  /** The attacks without targets, in their turn, for a number of classes. */
  readonly members: (classes: number) => readonly Attack[];
  /**
   * Runs one of them as `run` does.
   *
   * @returns its outcome: row i is that of image `open[i]`; rows beyond fill the batch up. The caller disposes the images.
   */
  turn(classifier: Classifier, images: tf.Tensor4D, labels: tf.Tensor1D, options: TurnOptions): AttackOutcome;
}

interface Victims {
  readonly classifier: Classifier;
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  readonly targets: tf.Tensor1D | undefined;
}

/** An attack on the open images, filled up to a batch. */
function takeTurn(
  attack: Attack,
  { classifier, images, labels, targets }: Victims,
  { turn, strength, seed, open }: TurnOptions,
): { outcome: AttackOutcome; positions: number[] } {
  const positions = filledUp(open, images.shape[0]);
  const rows = tf.tensor1d(positions, 'int32');
  const [chosen, truth] = [tf.gather(images, rows), tf.gather(labels, rows)];
  const aims = targets && tf.gather(targets, rows);
  try {
    const [outcome] = attack.run(classifier, chosen, truth, {
      ...(aims && { targets: aims }),
      strengths: [strength],
      random: randomStream(seed, turn, attack.id),
    });
    return { outcome, positions };
  } finally {
    tf.dispose([rows, chosen, truth, ...(aims ? [aims] : [])]);
  }
}

/** What the members need beside an attack's options: they are attacks on the classifier itself. */
interface Ensemble {
  readonly classifier: Classifier;
  readonly spent: { forwards: number; backwards: number };
}

interface Standing {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  readonly targets: tf.Tensor1D | undefined;
  /** The positions of the images that nothing has fooled yet. */
  readonly standing: readonly number[];
}

/**
 * Positions filled up with others to the batch's size or a half, a quarter, an eighth of it: every size is compiled on its
 * own.
 */
function filledUp(open: readonly number[], batch: number): number[] {
  let size = batch;
  for (let i = 0; i < 3 && Math.ceil(size / 2) >= open.length; i++) size = Math.ceil(size / 2);
  const others = Array.from({ length: batch }, (_, i) => i).filter((i) => !open.includes(i));
  return [...open, ...others].slice(0, size);
}
