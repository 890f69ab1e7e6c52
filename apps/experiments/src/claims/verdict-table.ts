import { alignColumns } from '../_columns.js';
import { list, plain } from '../format.js';
import { paperDatasetLabels, paperRows } from '../paper-values.js';
import type { Evidence, Missing, Verdict } from './claim.js';
import { LEAST_TRIALS } from './comparison.js';
import type { VerifiedClaim } from './verify.js';

const NONE = '–';

/**
 * The comparison that a verdict shows: of a contradicted claim the one that most clearly goes the other way, otherwise
 * the one that is furthest from being supported, of those that rest on most trials.
 */
export function decisive({ verdict, evidence }: Pick<VerifiedClaim, 'verdict' | 'evidence'>): Evidence {
  const wanted = { supported: 'agrees', contradicted: 'disagrees', undecided: 'open' }[verdict];
  return evidence
    .filter(({ outcome }) => outcome === wanted)
    .sort((a, b) => b.n - a.n || (a.lead ?? 0) - (b.lead ?? 0))[0];
}

/** `1`, or `0–3` where comparisons differ: trials that they rest on. */
export function trialsText(evidence: readonly Evidence[]): string {
  const counts = evidence.map(({ n }) => n);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? String(most) : `${least}–${most}`;
}

/** `+2.80 [0.40, 5.20]`; without the interval if there is none. */
export function differenceText({ difference, low, high }: Evidence): string {
  if (difference === null) return NONE;
  const values = low === null || high === null ? [difference] : [difference, low, high];
  const [centre, ...ends] = alike(values);
  return `${difference > 0 ? '+' : ''}${centre}${ends.length > 0 ? ` [${ends.join(', ')}]` : ''}`;
}

const LEAST_DECIMALS = 2;
const MOST_DECIMALS = 4;

/** Numbers with as many decimals as the smallest of them needs, the same for all. */
function alike(values: readonly number[]): string[] {
  const sizes = values.map(Math.abs).filter((size) => size > 0);
  const needed = sizes.length > 0 ? Math.ceil(-Math.log10(Math.min(...sizes))) : 0;
  const decimals = Math.max(LEAST_DECIMALS, Math.min(MOST_DECIMALS, needed));
  const isTiny = sizes.length > 0 && Math.max(...sizes) < 10 ** -MOST_DECIMALS;
  return values.map((value) =>
    (isTiny && value !== 0 ? value.toExponential(1) : value.toFixed(decimals)).replaceAll('-', '−'),
  );
}

/** A row a claim: verdict, trials, how its comparisons came out, and the one that it rests on. */
export function verdictTable(
  claims: readonly VerifiedClaim[],
  { paint = (text) => text }: { paint?: (text: string, verdict: Verdict) => string } = {},
): string {
  const rows = claims.map((claim) => {
    const count = (wanted: Evidence['outcome']) =>
      String(claim.evidence.filter(({ outcome }) => outcome === wanted).length);
    return [
      claim.id,
      claim.verdict,
      trialsText(claim.evidence),
      count('agrees'),
      count('disagrees'),
      count('open'),
      differenceText(decisive(claim)),
    ];
  });
  const header = ['claim', 'verdict', 'n', 'so', 'not so', 'open', 'difference [95 % interval]'];
  const [head, ...lines] = alignColumns([header, ...rows], { right: [2, 3, 4, 5] }).split('\n');
  return [head, ...lines.map((line, i) => paint(line, claims[i].verdict))].join('\n');
}

/** Each claim in words: what it says, why it is judged so, which comparison the figure is of. */
export const claimLines = (claims: readonly VerifiedClaim[], width: number): string =>
  claims
    .map((claim) => {
      const at = claim.at ? ` (${plain(claim.at)})` : '';
      return [
        wrap(`${claim.id.padEnd(4)}${claim.statement} [${claim.source}]`, width),
        wrap(`    ${claim.verdict}${at}: ${claim.reason}`, width),
        wrap(`    shown above: ${decisive(claim).what}; expected ${decisive(claim).expected}`, width),
      ].join('\n');
    })
    .join('\n');

/** Every comparison of each claim. */
export const comparisonLines = (claims: readonly VerifiedClaim[]): string =>
  claims
    .map(({ id, statement, evidence }) =>
      [
        `${id.padEnd(4)}${statement}`,
        ...alignColumns(
          evidence.map((one) => [
            `    ${one.outcome}`,
            `n ${one.n}`,
            differenceText(one),
            one.expected,
            one.what,
          ]),
        ).split('\n'),
      ].join('\n'),
    )
    .join('\n');

/** What the undecided claims lack: a line a cell, with the claims that wait for it. */
export function missingTable(claims: readonly VerifiedClaim[]): string | null {
  const rows = new Map<string, Missing & { waiting: Set<string>; measures: Set<string> }>();
  for (const { id, verdict, missing } of claims)
    for (const one of verdict === 'undecided' ? missing : []) {
      // One that has no record at all lacks everything: naming each figure says no more.
      const figure = one.reason.startsWith('no') && one.reason !== 'no record' ? one.measure : '';
      const key = `${one.dataset}/${one.variant}/${one.reason}/${figure}`;
      const row = rows.get(key) ?? { ...one, waiting: new Set(), measures: new Set() };
      row.waiting.add(id);
      if (figure) row.measures.add(figure);
      rows.set(key, row);
    }
  if (rows.size === 0) return null;
  const place = ({ dataset, variant }: Missing) =>
    paperRows.findIndex((row) => row.dataset === dataset && row.variant === variant);
  const inOrder = [...rows.values()].sort((a, b) => place(a) - place(b));
  return alignColumns(
    [
      ['data', 'variant', 'trials', 'why', 'for'],
      ...inOrder.map(({ dataset, variant, trials, reason, waiting, measures }) => [
        paperDatasetLabels[dataset],
        variant,
        `${trials} of ${LEAST_TRIALS}`,
        [...measures, reason].join(' '),
        list([...waiting]),
      ]),
    ],
    { right: [2] },
  );
}

/** Lines of at most that many characters; the later ones are indented. */
function wrap(text: string, width: number): string {
  const lines: string[] = [];
  let line = /^ */.exec(text)![0];
  const indent = '    ';
  for (const word of text.trim().split(/ /)) {
    if (line.trim() && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
    }
    line += `${line.trim() ? ' ' : ''}${word}`;
  }
  return [...lines, line].join('\n');
}
