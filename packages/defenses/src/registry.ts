import type { Defense } from '@weightmap/core';
import { defensiveDistillation } from './defensive-distillation.js';
import { ensembleTraining } from './ensemble-training.js';
import { featureSqueezing } from './feature-squeezing.js';
import { fgsmRs } from './fgsm-rs.js';
import { fgsmTraining } from './fgsm-training.js';
import { gradientRegularisation } from './gradient-regularisation.js';
import { multiCondition } from './multi-condition.js';
import { noisyTraining } from './noisy-training.js';
import { pgdTraining } from './pgd-training.js';
import { robustOptimisation } from './robust-optimisation.js';
import { stochasticOperators } from './stochastic-operators.js';
import { trades } from './trades.js';

/** Every defence, by its id. The contract test covers every row. */
export const defenses = {
  'fgsm-training': fgsmTraining,
  'pgd-training': pgdTraining,
  'fgsm-rs': fgsmRs,
  trades,
  'gradient-regularisation': gradientRegularisation,
  'robust-optimisation': robustOptimisation,
  'noisy-training': noisyTraining,
  'stochastic-operators': stochasticOperators,
  'multi-condition': multiCondition,
  'defensive-distillation': defensiveDistillation,
  'ensemble-training': ensembleTraining,
  'feature-squeezing': featureSqueezing,
} as const satisfies Record<string, Defense>;

/** The id of a defence of this package, such as `pgd-training`. */
export type DefenseId = keyof typeof defenses;

/** A defence with its checked options: what a run needs. */
export interface ChosenDefense {
  /** The row of the registry. */
  readonly defense: Defense;
  /** Checked, with the defaults filled in: plain JSON. */
  readonly options: object;
}

/**
 * Takes a defence by its id, and checks its options.
 *
 * @param given options that differ from the defaults: plain JSON.
 * @throws WeightmapError if an option is unknown or wrong.
 */
export function createDefense(id: DefenseId, given: object = {}): ChosenDefense {
  const defense = defenses[id];
  return { defense, options: defense.parse(given) };
}
