import { alignColumns } from '../columns.js';
import { count, list, plain } from '../format.js';
import { paperDatasetLabels, paperRows } from '../paper-values.js';
import type { Evidence, Missing, Power, Verdict } from './claim.js';
import { POWER_TRIALS, type PowerRow, type VerifiedClaim } from './verify.js';

const NONE = '–';

/**
 * The comparison that is shown with a verdict: of a contradicted claim the one that disagrees most clearly, otherwise the one
 * that is furthest from agreeing, of those with most trials.
 */
export function decisive({ verdict, evidence }: Pick<VerifiedClaim, 'verdict' | 'evidence'>): Evidence {
  const wanted = { supported: 'agrees', contradicted: 'disagrees', undecided: 'inconclusive' }[verdict];
  return evidence
    .filter(({ outcome }) => outcome === wanted)
    .sort((a, b) => b.n - a.n || (a.lead ?? 0) - (b.lead ?? 0))[0];
}

/** `1`, or `0–3` where comparisons differ: their trials. */
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

/** `9 %` */
export const powerText = ({ share }: Power): string => {
  const percent = Math.round(100 * share);
  return share > 0 && percent === 0 ? '< 1 %' : share < 1 && percent === 100 ? '> 99 %' : `${percent} %`;
};

/** `3 trials would decide it in 9 % of cases`: beside a verdict that leaves it undecided. */
export const powerClause = (power: Power): string =>
  `${count(power.trials, 'trial')} would decide it in ${powerText(power)} of cases`;

/** `undecided (3 trials would decide it in 9 % of cases)` */
export const verdictText = ({ verdict, power }: Pick<VerifiedClaim, 'verdict' | 'power'>): string =>
  verdict === 'undecided' ? `${verdict} (${powerClause(power)})` : verdict;

/** A row for each claim: verdict, trials, outcomes of its comparisons, the one that is shown, and its power. */
export function verdictTable(
  claims: readonly VerifiedClaim[],
  { paint = (text) => text }: { paint?: (text: string, verdict: Verdict) => string } = {},
): string {
  const rows = claims.map((claim) => {
    const number = (wanted: Evidence['outcome']) =>
      String(claim.evidence.filter(({ outcome }) => outcome === wanted).length);
    return [
      claim.id,
      claim.verdict,
      trialsText(claim.evidence),
      ...[number('agrees'), number('disagrees'), number('inconclusive')],
      powerText(claim.power),
      differenceText(decisive(claim)),
    ];
  });
  const header = [
    ...['claim', 'verdict', 'n', 'agrees', 'disagrees', 'inconclusive', 'power'],
    'difference [95 % interval]',
  ];
  const [head, ...lines] = alignColumns([header, ...rows], { right: [2, 3, 4, 5, 6] }).split('\n');
  return [head, ...lines.map((line, i) => paint(line, claims[i].verdict))].join('\n');
}

/** Each claim in words: its statement, its verdict with the reason, and the comparison that the table shows. */
export const claimLines = (claims: readonly VerifiedClaim[], width: number): string =>
  claims
    .map((claim) => {
      const at = claim.at ? ` (${plain(claim.at)})` : '';
      const shown = decisive(claim);
      return [
        wrap(`${claim.id.padEnd(4)}${claim.statement} [${claim.source}]`, width),
        wrap(`    ${verdictText(claim)}${at}: ${claim.reason}`, width),
        wrap(`    shown above: ${evidenceText(shown)}; expected ${shown.expected}`, width),
      ].join('\n');
    })
    .join('\n');

/** A comparison's name with the strengths that it is taken over, and its note. */
export const evidenceText = ({ what, range, note }: Evidence): string =>
  [[what, range].filter(Boolean).join(', '), note].filter(Boolean).join('; ');

/** A row for each claim: its power at several numbers of trials, and the number that gives 80 %. */
export const powerTable = (rows: readonly PowerRow[]): string =>
  alignColumns(
    [
      ['claim', ...POWER_TRIALS.map((trials) => `n = ${trials}`), 'n for 80 %', 'if true is'],
      ...rows.map(({ id, powers, enough }) => [
        id,
        ...powers.map(powerText),
        enough === null ? '> 100' : String(enough),
        powers[0].basis,
      ]),
    ],
    { right: [1, 2, 3, 4] },
  );

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
            evidenceText(one),
          ]),
        ).split('\n'),
      ].join('\n'),
    )
    .join('\n');

/** The results that undecided claims lack: a line for each cell, with the claims that need it. */
export function missingTable(claims: readonly VerifiedClaim[]): string | null {
  const rows = new Map<string, Missing & { waiting: Set<string>; measures: Set<string> }>();
  for (const { id, verdict, missing } of claims)
    for (const one of verdict === 'undecided' ? missing : []) {
      // Without a record every figure is missing: naming each says no more.
      const figure = one.reason === 'not in its records' ? one.measure : '';
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
      ...inOrder.map(({ dataset, variant, trials, of, reason, waiting, measures }) => [
        paperDatasetLabels[dataset],
        variant,
        `${trials} of ${of}`,
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
