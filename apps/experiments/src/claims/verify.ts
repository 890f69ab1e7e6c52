import type { RunRecord } from '@weightmap/core';
import { list } from '../format.js';
import { shortfall } from '../likeness.js';
import { paperDatasetLabels } from '../paper-values.js';
import { comparable, type Comparable } from './_trials.js';
import type { Claim, ClaimResult } from './claim.js';
import { claims } from './registry.js';

/** A claim and what the records say of it. */
export interface VerifiedClaim extends ClaimResult, Pick<Claim, 'id' | 'statement' | 'source' | 'needs'> {
  /** What sets the records apart from the paper's protocol: `at 3 epochs on a subset`. Null if nothing does. */
  readonly at: string | null;
}

export interface Verification {
  readonly claims: readonly VerifiedClaim[];
  /** Records that no claim was judged by: of other conditions than the rest of their dataset. */
  readonly leftAside: number;
}

/** Holds every claim against the records of a run. */
export function verify(records: readonly RunRecord[]): Verification {
  const trials = comparable(records);
  return {
    claims: claims.map(({ test, ...claim }) => ({ ...claim, ...test(records), at: atOf(claim, trials) })),
    leftAside: trials.leftAside,
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
