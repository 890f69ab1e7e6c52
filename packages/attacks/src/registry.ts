import type { Attack, AttackInfo, MinimalAttack } from '@weightmap/core';
import { apgdCe, apgdCeL1, apgdCeL2 } from './apgd-ce.js';
import { apgdDlr, apgdDlrL1, apgdDlrL2 } from './apgd-dlr.js';
import { apgdMargin } from './apgd-margin.js';
import { apgdT, apgdTL1, apgdTL2 } from './apgd-t.js';
import { autoAttack } from './auto-attack.js';
import { bim } from './bim.js';
import { boundary } from './boundary.js';
import { brightness } from './brightness.js';
import { carliniWagner } from './carlini-wagner.js';
import { contrast } from './contrast.js';
import { ddn } from './ddn.js';
import { deepFool } from './deepfool.js';
import { ead } from './ead.js';
import { fab, fabL2 } from './fab.js';
import { fgsm } from './fgsm.js';
import { fgsmL2 } from './fgsm-l2.js';
import { gaussianBlur } from './gaussian-blur.js';
import { gaussianNoise } from './gaussian-noise.js';
import { hopSkipJump } from './hop-skip-jump.js';
import { impulseNoise } from './impulse-noise.js';
import { jsma } from './jsma.js';
import { losses } from './losses.js';
import { miFgsm } from './mi-fgsm.js';
import { pgd } from './pgd.js';
import { pgdL1 } from './pgd-l1.js';
import { pgdL2 } from './pgd-l2.js';
import { pixelate } from './pixelate.js';
import { rFgsm } from './r-fgsm.js';
import { saltAndPepper } from './salt-and-pepper.js';
import { shotNoise } from './shot-noise.js';
import { speckleNoise } from './speckle-noise.js';
import { spsa } from './spsa.js';
import { square } from './square.js';
import { substitute } from './substitute.js';
import { uniformNoise } from './uniform-noise.js';

/** Makes an attack; parameters are given here, strengths when it runs. Without arguments it uses its defaults. */
export type AttackFactory = () => Attack | MinimalAttack;

/** Every attack by its id. What stands here is tested by the contract test. */
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

/** Id of an attack of the registry. */
export type AttackId = keyof typeof attacks;

/** Whether an attack works with so many classes. Where it doesn't, its `run` throws. */
export const suitsClasses = (
  { leastClasses = 2 }: Pick<AttackInfo, 'leastClasses'>,
  classes: number,
): boolean => classes >= leastClasses;

/**
 * The attacks to begin with, all on L∞ and quick: FGSM, BIM, PGD, and Auto-PGD on the cross-entropy and on a loss that
 * checks it, the difference of logits ratio. With two classes, where that isn't defined, it is the margin.
 */
export const defaultAttacks = (classes: number): readonly AttackId[] => [
  ...(['fgsm', 'bim', 'pgd', 'apgd-ce'] as const),
  classes >= losses.dlr.minClasses ? 'apgd-dlr' : 'apgd-margin',
];
