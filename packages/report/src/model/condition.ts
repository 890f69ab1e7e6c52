import { strengthRange } from './informative.js';
import type { Spread } from './statistics.js';
import type { Benchmark, Curve, VariantSummary } from './summary.js';

/** The three conditions that the headline speaks of. */
export type Condition = 'clean' | Curve;

/** The error of a variant on clean images, or its mean over the informative strengths; null if there is none. */
export function errorUnder(variant: VariantSummary, condition: Condition): Spread | null {
  return condition === 'clean' ? variant.testError : variant.meanError[condition];
}

const curveNames: Readonly<Record<Curve, readonly [name: string, symbol: string]>> = {
  noise: ['uniform noise', 'β'],
  fgsm: ['FGSM', 'L∞ ε'],
};

/** `clean images`, `uniform noise, mean over β 0.1–0.8`, …; without strengths if none was measured. */
export function conditionLabel(benchmark: Benchmark, condition: Condition): string {
  if (condition === 'clean') return 'clean images';
  const range = rangeLabel(benchmark, condition);
  return [curveNames[condition][0], ...(range ? [range] : [])].join(', ');
}

/** `mean over β 0.1–0.8`, or that no β is informative; null if none was measured. */
export function rangeLabel({ informative, variants }: Benchmark, curve: Curve): string | null {
  const [, symbol] = curveNames[curve];
  if (informative[curve].length > 0) return strengthRange(symbol, informative[curve]);
  const isMeasured = variants.some((variant) => variant[curve].some(({ strength }) => strength > 0));
  return isMeasured ? `all near chance at every ${symbol}` : null;
}
