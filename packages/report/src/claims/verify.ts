import type { RunRecord } from '@weightmap/records';
import { list } from '../format.js';
import { shortfall } from '../model/likeness.js';
import { paperDatasetLabels, paperProtocol } from '../paper-values.js';
import { comparable, type Comparable, type NotEvidence } from './_trials.js';
import type { Claim, ClaimResult, Power } from './claim.js';
import { trialsFor } from './power.js';
import { claims } from './registry.js';

/** A claim, checked against records. */
export interface VerifiedClaim extends ClaimResult, Pick<Claim, 'id' | 'statement' | 'source' | 'needs'> {
  /** How the records differ from the paper's protocol: `at 3 epochs`. Null if they don't. */
  readonly at: string | null;
  /** The chance that as many trials as there are support it, if it is true; of the paper's three without any. */
  readonly power: Power;
}

/** The result of checking all claims. */
export interface Verification {
  /** In the order of their numbers. */
  readonly claims: readonly VerifiedClaim[];
  /** Records that no claim was judged by: of other conditions than the rest of their dataset. */
  readonly leftAside: number;
  /** Records that are no evidence, and why: a subset of the images, or other images than the paper's. */
  readonly notEvidence: readonly NotEvidence[];
  /** Records that claims are judged by. */
  readonly evidenceCount: number;
}

/** Checks every claim against the records of a run. */
export function verify(records: readonly RunRecord[]): Verification {
  const trials = comparable(records);
  const left = trials.notEvidence.reduce((sum, one) => sum + one.records, 0);
  return {
    claims: claims.map(({ test, power, ...claim }) => {
      const result = test(records);
      const planned = Math.max(0, ...claim.needs.map(({ dataset }) => trials.planned(dataset)));
      return {
        ...claim,
        ...result,
        at: atOf(claim, trials),
        power: power(planned || paperProtocol.trials, result.deviations),
      };
    }),
    leftAside: trials.leftAside,
    notEvidence: trials.notEvidence,
    evidenceCount: records.length - left - trials.leftAside,
  };
}

/** The shortfalls of the datasets that a claim has results on, each named only where they differ. */
function atOf({ needs }: Pick<Claim, 'needs'>, { conditions }: Comparable): string | null {
  const datasets = [...new Set(needs.map(({ dataset }) => dataset))].flatMap((id) => {
    const found = conditions.get(id);
    return found ? [{ label: paperDatasetLabels[id], text: shortfall(found) }] : [];
  });
  const texts = new Set(datasets.map(({ text }) => text));
  if (texts.size <= 1) return datasets[0]?.text ?? null;
  return list(datasets.flatMap(({ label, text }) => (text ? [`${label} ${text}`] : [])));
}

/** How many trials decide a claim. */
export interface PowerRow {
  /** `C1`, … */
  readonly id: string;
  /** One for each number of trials asked for. */
  readonly powers: readonly Power[];
  /** The fewest trials with a power of 80 %; null if 100 have less. */
  readonly enough: number | null;
}

/** Numbers of trials that `verify` prints the power of. */
export const POWER_TRIALS = [3, 5, 10] as const;

/** The power of each claim at several numbers of trials, and how many it takes for 80 %. */
export const powerRows = (verified: readonly VerifiedClaim[]): PowerRow[] =>
  verified.map(({ id, deviations }) => {
    const { power } = claims.find((claim) => claim.id === id)!;
    return {
      id,
      powers: POWER_TRIALS.map((trials) => power(trials, deviations)),
      enough: trialsFor((trials) => power(trials, deviations).share),
    };
  });

/** The command that makes the results that undecided claims lack. */
export interface Fill {
  /** Of `weightmap`, ready for a shell. */
  readonly command: string;
}

/** Gives the command that makes the results that undecided claims lack; null if nothing is missing or no command is known. */
export type FillCommand = (
  records: readonly RunRecord[],
  claims: readonly Pick<VerifiedClaim, 'verdict' | 'missing' | 'needs'>[],
  run: string,
) => Fill | null;
