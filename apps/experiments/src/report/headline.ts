import { list, meanSd, percent } from '../format.js';
import { conditionLabel, errorUnder, type Condition } from './overview.js';
import { outsideBoth, type Spread } from '../statistics.js';
import type { Benchmark, VariantSummary } from './summary.js';

/** How much a claim is worth. */
export type Verdict = 'outside' | 'within' | 'single' | 'tie' | 'alone';

/** Which variant errs least under one condition, and how sure that is. */
export interface Claim {
  readonly condition: Condition;
  /** `clean images`, `FGSM, ε = 0.3` */
  readonly under: string;
  /** More than one if they are level to two decimals. */
  readonly leaders: readonly VariantSummary[];
  readonly error: Spread;
  readonly next: { variant: VariantSummary; error: Spread } | null;
  readonly verdict: Verdict;
}

export const verdictText: Readonly<Record<Verdict, string>> = {
  outside: 'apart by more than either’s standard deviation',
  within: 'within one standard deviation: not decided',
  single: 'one trial decides nothing',
  tie: 'level to two decimals',
  alone: 'nothing to compare with',
};

/** The claims of a benchmark: clean, under noise, under FGSM; what wasn't measured makes none. */
export function claimsOf(benchmark: Benchmark): Claim[] {
  return (['clean', 'noise', 'fgsm'] as const).flatMap((condition) => {
    const measured = benchmark.variants
      .flatMap((variant) => {
        const error = errorUnder(variant, condition);
        return error ? [{ variant, error }] : [];
      })
      .sort((a, b) => a.error.mean - b.error.mean);
    if (measured.length === 0) return [];
    const [{ error }] = measured;
    const level = measured.filter((other) => percent(other.error.mean) === percent(error.mean));
    const next = measured[level.length] ?? null;
    return [
      {
        condition,
        under: conditionLabel(benchmark, condition),
        leaders: level.map(({ variant }) => variant),
        error,
        next,
        verdict: judge(measured.length, level.length, error, next?.error),
      },
    ];
  });
}

function judge(measured: number, level: number, error: Spread, next: Spread | undefined): Verdict {
  if (measured === 1) return 'alone';
  if (level > 1 || !next) return 'tie';
  const outside = outsideBoth(next.mean - error.mean, error.sd, next.sd);
  return outside === null ? 'single' : outside ? 'outside' : 'within';
}

/** The answer as a heading: who errs least where, and where that is not decided. */
export function headlineOf(benchmark: Benchmark, claims: readonly Claim[]): string {
  const [first] = claims;
  if (!first) return `${benchmark.title}: nothing measured`;
  if (first.verdict === 'alone') {
    const [only] = first.leaders;
    return `${benchmark.title}: ${only.name.long} alone, with a test error of ${meanSd(first.error)} %`;
  }
  const places = new Map<string, string[]>();
  const isOpen = claims.every(({ verdict }) => verdict !== 'outside');
  for (const { leaders, condition, verdict } of claims) {
    const who = leaders.map(({ name }) => name.long).join(' and ');
    const place = verdict === 'outside' || isOpen ? where[condition] : `${where[condition]} (not decided)`;
    places.set(who, [...(places.get(who) ?? []), place]);
  }
  const parts = [...places].map(([who, at], i) => `${who} ${i === 0 ? 'errs least ' : ''}${list(at)}`);
  return `${benchmark.title}${isOpen ? ', nothing decided: so far ' : ': '}${parts.join('; ')}`;
}

const where: Readonly<Record<Condition, string>> = {
  clean: 'on clean images',
  noise: 'under noise',
  fgsm: 'under attack',
};

/** What to keep in mind while reading the answer; empty if nothing. */
export function cautionsOf({ likeness, variants }: Benchmark): string[] {
  const cautions: string[] = [];
  if (variants.some(({ testError }) => testError.n === 1))
    cautions.push(
      variants.every(({ testError }) => testError.n === 1)
        ? 'A single trial each: there is no spread to judge by, so no ranking here is settled.'
        : 'Some variants have a single trial: their place in the ranking is not settled.',
    );
  if (likeness.caveats.length > 0)
    cautions.push(`Not like for like with the paper: ${likeness.caveats.join('; ')}.`);
  return cautions;
}
