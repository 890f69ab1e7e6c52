import * as tf from '@tensorflow/tfjs';
import {
  predictClasses,
  randomStream,
  type Attack,
  type AttackOptions,
  type Classifier,
} from '@weightmap/core';
import { apgdCe } from './apgd-ce.js';
import { apgdDlr } from './apgd-dlr.js';
import { apgdT } from './apgd-t.js';
import { judged } from './evaluate.js';
import { fab } from './fab.js';
import { square } from './square.js';

/** Which attacks the ensemble is made of. */
export interface AutoAttackOptions {
  /** `plus` adds APGD-DLR and the FAB of all classes at once, and begins APGD at five random points. */
  version?: 'standard' | 'plus';
  /** Attacks on L∞ to run instead, from the first to the last. */
  attacks?: readonly Attack[];
}

const versions: Record<NonNullable<AutoAttackOptions['version']>, () => readonly Attack[]> = {
  standard: () => [apgdCe(), apgdT(), fab({ aims: 9 }), square()],
  plus: () => [apgdCe({ restarts: 5 }), apgdDlr({ restarts: 5 }), fab(), square(), apgdT(), fab({ aims: 9 })],
};

/** With targets APGD-T is APGD-DLR, and FAB-T is FAB. */
const targetedVersions: typeof versions = {
  standard: () => [apgdCe(), apgdT(), fab(), square()],
  plus: () => [apgdCe({ restarts: 5 }), apgdT({ restarts: 5 }), fab(), square()],
};

/**
 * AutoAttack on L∞: several attacks in turn, each on the images alone that still stand; an image is robust if it withstands
 * all of them. `standard` is APGD-CE, APGD-T, FAB-T and Square; `plus` is APGD-CE, APGD-DLR, FAB, Square, APGD-T and
 * FAB-T. Where nothing fools, the result is that of the first attack.
 *
 * With targets given every attack aims at them: APGD climbs the cross-entropy and the ratio of the target, FAB goes onto
 * the target's plane, Square raises the target's margin, and only the target counts. APGD-T and FAB-T are one search then,
 * what `plus` has twice is left out, as is each of the `attacks` that can't aim.
 *
 * Its cost is that of all attacks together, with the harness's looks at their results. Every strength is attacked anew,
 * by the attacks for a minimal change too.
 *
 * Mind: an attack of its parts with other parameters is another AutoAttack: say which version. Its price is that of
 * the images that resist.
 *
 * Its `run` throws a WeightmapError for fewer than 4 classes, which APGD-T can't attack.
 * Source: Croce & Hein, “Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks”, arXiv:2003.01690, section 6.
 *
 * Tested: on a linear classifier, where it fools exactly the images whose boundary is within ε, and by which images
 * each attack is shown.
 */
export function autoAttack({ version = 'standard', attacks }: AutoAttackOptions = {}): Attack {
  const untargeted = attacks ?? versions[version]();
  const targeted = attacks?.filter((attack) => attack.targeted) ?? targetedVersions[version]();

  function worstOf(
    { classifier, spent }: Ensemble,
    { images, labels, targets, standing }: Standing,
    { strength, seed }: { strength: number; seed: number },
  ): tf.Tensor4D {
    const batch = images.shape[0];
    let found = images;
    let open = [...standing];
    (targets ? targeted : untargeted).forEach((attack, turn) => {
      if (open.length === 0) return;
      const positions = filledUp(open, batch);
      const rows = tf.tensor1d(positions, 'int32');
      const [outcome] = attack.run(classifier, tf.gather(images, rows), tf.gather(labels, rows), {
        ...(targets && { targets: tf.gather(targets, rows) }),
        strengths: [strength],
        random: randomStream(seed, turn, attack.id),
      });
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
    targeted: targeted.length > 0,
    usesGradient: true,
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
    run(classifier, images, labels, options) {
      const spent = { forwards: 0, backwards: 0 };
      const given: AttackOptions & Ensemble = { ...options, classifier, spent };
      return ensemble
        .run(classifier, images, labels, given)
        .map((outcome) => ({ ...outcome, cost: { ...spent } }));
    },
  };
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
