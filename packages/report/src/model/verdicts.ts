import type { Evidence, Verification, VerifiedClaim } from '../claims/index.js';
import { decisive, differenceText, powerText, trialsText } from '../claims/words.js';
import type { Table } from '../csv.js';
import { count, list } from '../format.js';
import { NO_EVIDENCE } from './headline.js';

/** The verdicts as a heading. */
export function verdictHeadline({ claims, evidenceCount }: Verification): string {
  if (evidenceCount === 0) return NO_EVIDENCE;
  const tally = (['supported', 'contradicted', 'undecided'] as const)
    .map((verdict) => ({ verdict, n: claims.filter((claim) => claim.verdict === verdict).length }))
    .filter(({ n }) => n > 0);
  const [only] = tally;
  if (tally.length === 1)
    return only.verdict === 'undecided'
      ? `None of the paper’s ${claims.length} claims is decided by these records`
      : `All of the paper’s ${claims.length} claims are ${only.verdict}`;
  const parts = tally.map(({ verdict, n }) => `${n} ${n === 1 ? 'is' : 'are'} ${verdict}`);
  return `Of the paper’s ${claims.length} claims, ${list(parts)}`;
}

/** Why records are no evidence: `3 records: trained on 5,000 of the paper’s 54,000 images`; null if all are. */
export function notEvidenceText({ notEvidence }: Verification): string | null {
  if (notEvidence.length === 0) return null;
  const parts = notEvidence.map(({ reason, records }) => `${count(records, 'record')}: ${reason}`);
  return `Not evidence on the claims: ${parts.join('; ')}.`;
}

/** Every comparison as data. */
export const claimsData = (claims: readonly VerifiedClaim[]): Table => ({
  columns: [
    ...[
      'claim',
      'verdict',
      'conditions',
      'power',
      'comparison',
      'strengths',
      'claimed',
      'difference',
      'unit',
    ],
    ...['low', 'high', 'n', 'interval_covers', 'outcome', 'p_against_holm', 'note'],
  ],
  rows: claims.flatMap(({ id, verdict, at, evidence, power }) =>
    evidence.map((one) => [
      ...[id, verdict, at, power.share, one.what, one.range, one.expected, one.difference, one.unit],
      ...[one.low, one.high, one.n, one.covers, one.outcome, one.against, one.note],
    ]),
  ),
});

/** The verdicts for a paper: a row for each claim. */
export const verdictData = (claims: readonly VerifiedClaim[]): Table => ({
  columns: ['Claim', 'Verdict', 'n', 'Agrees', 'Disagrees', 'Inconclusive', 'Power', 'Difference'],
  rows: claims.map((claim) => {
    const number = (outcome: Evidence['outcome']) =>
      claim.evidence.filter((one) => one.outcome === outcome).length;
    return [
      ...[claim.id, claim.verdict, trialsText(claim.evidence)],
      ...[number('agrees'), number('disagrees'), number('inconclusive')],
      powerText(claim.power),
      differenceText(decisive(claim)),
    ];
  }),
});
