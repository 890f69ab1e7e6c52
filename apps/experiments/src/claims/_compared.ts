import type { Claim, ClaimResult, Evidence, Missing, Need } from './claim.js';
import { compare, LEAST_TRIALS, needsOf, type Comparison, type Expectation } from './comparison.js';
import type { Measure } from './measures.js';
import { comparable } from './_trials.js';
import type { PaperDataset } from '../paper-values.js';

/** A claim that is nothing but comparisons. */
export function comparedClaim({
  comparisons,
  ...claim
}: Pick<Claim, 'id' | 'statement' | 'source'> & { comparisons: readonly Comparison[] }): Claim {
  return {
    ...claim,
    needs: uniqueNeeds(comparisons.flatMap(needsOf)),
    test(records) {
      const trials = comparable(records);
      const compared = comparisons.map((comparison) => compare(comparison, trials));
      return verdictOf(
        compared.map(({ evidence }) => evidence),
        compared.flatMap(({ missing }) => missing),
      );
    },
  };
}

/**
 * The verdict of several comparisons: supported if each agrees, contradicted if one disagrees, undecided otherwise.
 *
 * Each has its own 95 % interval, uncorrected: where a claim of k comparisons holds, one of them is judged to disagree
 * by chance with a probability of up to k × 2.5 %. The reason says how many there are.
 */
export function verdictOf(evidence: readonly Evidence[], missing: readonly Missing[]): ClaimResult {
  const count = (which: (one: Evidence) => boolean) => evidence.filter(which).length;
  const disagreeing = count(({ outcome }) => outcome === 'disagrees');
  const agreeing = count(({ outcome }) => outcome === 'agrees');
  const result = { evidence, missing: uniqueNeeds(missing) };
  const all = evidence.length;
  if (disagreeing > 0)
    return {
      ...result,
      verdict: 'contradicted',
      reason: `${disagreeing} of ${all} comparisons ${disagreeing === 1 ? 'goes' : 'go'} the other way`,
    };
  if (agreeing === all)
    return { ...result, verdict: 'supported', reason: `each of ${all} comparisons comes out so` };
  const single = evidence.filter(({ n }) => n > 0 && n < LEAST_TRIALS);
  const toward = single.filter(({ direction }) => direction).length;
  const open = count(({ n, outcome }) => n >= LEAST_TRIALS && outcome === 'open');
  const absent = count(({ n }) => n === 0);
  const parts = [
    agreeing > 0 && `${agreeing} ${agreeing === 1 ? 'comes' : 'come'} out so`,
    open > 0 && `${open} ${open === 1 ? 'is' : 'are'} left open by the interval`,
    single.length > 0 &&
      `${single.length} ${single.length === 1 ? 'rests' : 'rest'} on one trial (${toward} so far as claimed)`,
    absent > 0 && `${absent} ${absent === 1 ? 'has' : 'have'} no results`,
  ];
  return {
    ...result,
    verdict: 'undecided',
    reason: `of ${all} comparisons ${parts.filter(Boolean).join(', ')}`,
  };
}

/** The same need once. */
export function uniqueNeeds<T extends Need>(needs: readonly T[]): T[] {
  const seen = new Map<string, T>();
  for (const need of needs) seen.set(`${need.dataset}/${need.variant}/${need.measure}`, need);
  return [...seen.values()];
}

/** Comparisons on one dataset and by one measure, as short as sentences. */
export function on(dataset: PaperDataset, measure: Measure) {
  const make =
    (expects: Expectation) =>
    (left: string | readonly string[], right: string | number): Comparison => ({
      dataset,
      measure,
      left: typeof left === 'string' ? [left] : left,
      right,
      expects,
    });
  return {
    below: make({ is: 'below' }),
    above: make({ is: 'above' }),
    same: (left: string, right: string, margin: number) => make({ is: 'same', margin })(left, right),
    notBelow: (left: string, right: string, margin: number) => make({ is: 'not below', margin })(left, right),
  };
}
