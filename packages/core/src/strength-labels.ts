import type { AttackInfo, NormName, StrengthUnit } from './attack.js';

/** How a norm is written: `L∞`, `L2`, `L1`, `L0`. */
export const normLabels: Readonly<Record<NormName, string>> = { linf: 'L∞', l2: 'L2', l1: 'L1', l0: 'L0' };

const symbols: Readonly<Record<StrengthUnit, string>> = {
  epsilon: 'ε',
  beta: 'β',
  sigma: 'σ',
  width: 'width',
  share: 'share',
  reduction: 'reduction',
  shift: 'shift',
  grain: 'grain',
};

/** The name of an axis or a column of strengths: `L∞ ε`, `L2 ε`, `β`, `σ`, `width`, `share`, … */
export function strengthLabel({ norm, strengthUnit }: Pick<AttackInfo, 'norm' | 'strengthUnit'>): string {
  const symbol = symbols[strengthUnit];
  return norm && strengthUnit === 'epsilon' ? `${normLabels[norm]} ${symbol}` : symbol;
}
