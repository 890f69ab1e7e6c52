import { alignColumns, alignRows, wrapWords } from '../columns.js';
import { list, plain } from '../format.js';
import { paperDatasetLabels, paperRows } from '../paper-values.js';
import type { Evidence, Missing, Verdict } from './claim.js';
import { POWER_TRIALS, type PowerRow, type VerifiedClaim } from './verify.js';
import { decisive, differenceText, evidenceText, powerText, trialsText, verdictText } from './words.js';

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
  const [head, ...lines] = alignRows([header, ...rows], { right: [2, 3, 4, 5, 6], optional: [5, 3, 4] });
  return [head, ...lines.map((line, i) => paint(line, claims[i].verdict))].filter(Boolean).join('\n');
}

/** Each claim in words: its statement, its verdict with the reason, and the comparison that the table shows. */
export const claimLines = (claims: readonly VerifiedClaim[], width: number): string =>
  claims
    .map((claim) => {
      const at = claim.at ? ` (${plain(claim.at)})` : '';
      const shown = decisive(claim);
      const rest = ' '.repeat(4);
      return [
        ...wrapWords(`${claim.statement} [${claim.source}]`, width, { first: claim.id.padEnd(4), rest }),
        ...wrapWords(`${verdictText(claim)}${at}: ${claim.reason}`, width, { first: rest, rest }),
        ...wrapWords(`shown above: ${evidenceText(shown)}; expected ${shown.expected}`, width, {
          first: rest,
          rest,
        }),
      ].join('\n');
    })
    .join('\n');

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
