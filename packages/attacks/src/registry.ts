import type { Attack, AttackInfo, MinimalAttack } from '@weightmap/core';
import { apgdCe, apgdCeL1, apgdCeL2 } from './ascent/apgd-ce.js';
import { apgdDlr, apgdDlrL1, apgdDlrL2 } from './ascent/apgd-dlr.js';
import { apgdMargin } from './ascent/apgd-margin.js';
import { apgdT, apgdTL1, apgdTL2 } from './ascent/apgd-t.js';
import { bim } from './ascent/bim.js';
import { orthogonalPgd, selectivePgd } from './ascent/detector-pgd.js';
import { fgsmL2 } from './ascent/fgsm-l2.js';
import { fgsm } from './ascent/fgsm.js';
import { miFgsm } from './ascent/mi-fgsm.js';
import { pgdL1 } from './ascent/pgd-l1.js';
import { pgdL2 } from './ascent/pgd-l2.js';
import { pgd } from './ascent/pgd.js';
import { rFgsm } from './ascent/r-fgsm.js';
import { autoAttack } from './auto-attack.js';
import { boundary } from './black-box/boundary.js';
import { hopSkipJump } from './black-box/hop-skip-jump.js';
import { spsa } from './black-box/spsa.js';
import { square } from './black-box/square.js';
import { substitute } from './black-box/substitute.js';
import { losses } from './harness/losses.js';
import { brightness } from './noise/brightness.js';
import { contrast } from './noise/contrast.js';
import { gaussianBlur } from './noise/gaussian-blur.js';
import { gaussianNoise } from './noise/gaussian-noise.js';
import { impulseNoise } from './noise/impulse-noise.js';
import { pixelate } from './noise/pixelate.js';
import { saltAndPepper } from './noise/salt-and-pepper.js';
import { shotNoise } from './noise/shot-noise.js';
import { speckleNoise } from './noise/speckle-noise.js';
import { uniformNoise } from './noise/uniform-noise.js';
import { carliniWagner } from './search/carlini-wagner.js';
import { ddn } from './search/ddn.js';
import { deepFool } from './search/deepfool.js';
import { ead } from './search/ead.js';
import { fab, fabL2 } from './search/fab.js';
import { jsma } from './search/jsma.js';

/** Makes an attack with its default parameters; strengths are given when it runs. */
export type AttackFactory = () => Attack | MinimalAttack;

/** The factory of every attack, by its id. The contract test covers every row. */
export const attacks = {
  'uniform-noise': uniformNoise,
  'gaussian-noise': gaussianNoise,
  'salt-and-pepper': saltAndPepper,
  'impulse-noise': impulseNoise,
  'shot-noise': shotNoise,
  'speckle-noise': speckleNoise,
  'gaussian-blur': gaussianBlur,
  contrast,
  brightness,
  pixelate,
  fgsm,
  'fgsm-l2': fgsmL2,
  'r-fgsm': rFgsm,
  bim,
  'mi-fgsm': miFgsm,
  pgd,
  'pgd-l2': pgdL2,
  'pgd-l1': pgdL1,
  'apgd-ce': apgdCe,
  'apgd-ce-l2': apgdCeL2,
  'apgd-ce-l1': apgdCeL1,
  'apgd-dlr': apgdDlr,
  'apgd-dlr-l2': apgdDlrL2,
  'apgd-dlr-l1': apgdDlrL1,
  'apgd-margin': apgdMargin,
  'apgd-t': apgdT,
  'apgd-t-l2': apgdTL2,
  'apgd-t-l1': apgdTL1,
  'selective-pgd': selectivePgd,
  'orthogonal-pgd': orthogonalPgd,
  deepfool: deepFool,
  ddn,
  'carlini-wagner': carliniWagner,
  ead,
  jsma,
  fab,
  'fab-l2': fabL2,
  square,
  spsa,
  substitute,
  'hop-skip-jump': hopSkipJump,
  boundary,
  'auto-attack': autoAttack,
} as const satisfies Record<string, AttackFactory>;

/** The id of an attack of this package, such as `fgsm` or `auto-attack`. */
export type AttackId = keyof typeof attacks;

/**
 * Makes the attack with an id, with its default parameters. For other parameters call its factory, such as
 * `pgd({ steps: 10 })`.
 *
 * @returns the attack. Its factory gives a `MinimalAttack` where it searches for the nearest adversarial image.
 */
export const createAttack = (id: AttackId): Attack => attacks[id]();

/** Whether an attack supports a number of classes. If not, its `run` throws. */
export const suitsClasses = (
  { leastClasses = 2 }: Pick<AttackInfo, 'leastClasses'>,
  classes: number,
): boolean => classes >= leastClasses;

/**
 * The attacks to run by default, all on L∞ and fast: FGSM, BIM, PGD, and Auto-PGD on two losses, the cross-entropy and the
 * difference of logits ratio. With two classes, for which the ratio is not defined, the margin replaces it.
 */
export const defaultAttacks = (classes: number): readonly AttackId[] => [
  ...(['fgsm', 'bim', 'pgd', 'apgd-ce'] as const),
  classes >= losses.dlr.minClasses ? 'apgd-dlr' : 'apgd-margin',
];
