import { html, type Html } from './_html.js';
import type { Table } from '../csv.js';
import type { Evidence, Verdict, VerifiedClaim } from '../claims/index.js';
import { differenceText, decisive, trialsText } from '../claims/index.js';
import { count, NONE } from '../format.js';

/** A sign beside the word, so that colour isn't all there is. */
export const verdictSign: Readonly<Record<Verdict, string>> = {
  supported: '✓',
  contradicted: '✗',
  undecided: '?',
};

/** The answer as a heading. */
export function verdictHeadline(claims: readonly VerifiedClaim[]): string {
  const tally = (['supported', 'contradicted', 'undecided'] as const)
    .map((verdict) => ({ verdict, n: claims.filter((claim) => claim.verdict === verdict).length }))
    .filter(({ n }) => n > 0);
  const [only] = tally;
  if (tally.length === 1)
    return only.verdict === 'undecided'
      ? `None of the paper’s ${claims.length} claims is decided by these records`
      : `All of the paper’s ${claims.length} claims are ${only.verdict}`;
  const parts = tally.map(({ verdict, n }) => `${n} ${n === 1 ? 'is' : 'are'} ${verdict}`);
  return `Of the paper’s ${claims.length} claims, ${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

const hasResult = ({ evidence }: VerifiedClaim) => evidence.some(({ direction }) => direction !== null);

/** One sentence a claim with its verdict; those without any result stand under one line. */
export function verdictList(claims: readonly VerifiedClaim[], figureOf: (id: string) => Html | null): Html {
  const judged = claims.filter(hasResult);
  const silent = claims.filter((claim) => !hasResult(claim));
  return html`${
    judged.length > 0 &&
    html`<ol class="verdicts">
      ${judged.map((claim) => item(claim, figureOf(claim.id)))}
    </ol>`
  }
  ${
    silent.length > 0 &&
    html`<details class="silent">
      <summary>
        ${judged.length > 0 ? `${count(silent.length, 'claim')} without a result in this run` : 'The claims'}:
        ${silent.map(({ id }) => id).join(', ')}
      </summary>
      <ol class="verdicts">
        ${silent.map((claim) => item(claim, null))}
      </ol>
    </details>`
  }`;
}

function item(claim: VerifiedClaim, figure: Html | null): Html {
  const { id, verdict, statement, at, evidence, reason } = claim;
  const shown = decisive(claim);
  return html`<li class="${verdict}">
    <span class="statement"
      ><b>${id}</b>
      <span class="word"><span aria-hidden="true">${verdictSign[verdict]}</span> ${verdict}</span
      >${at && html` <span class="at">${at}</span>`}<span class="dash">:</span> ${statement}</span
    >
    <span class="why"
      >${reason}${
        shown.difference !== null &&
        html`;
          <span class="figures">n = ${trialsText(evidence)}, ${differenceText(shown)} ${shown.unit}</span>
          (${shown.what})`
      }.
      ${figure}</span
    >
  </li>`;
}

/** Every comparison, a table a claim, each behind its own line. */
export function comparisonTables(claims: readonly VerifiedClaim[]): Html {
  return html`<p>
      A comparison is a difference of one figure between two variants, trial by trial, with Student’s 95 %
      interval over the trials: it covers the randomness of training, not the choice of test images. Claims of
      several comparisons are supported only if each is as claimed, and contradicted if one is the other way.
    </p>
    ${claims.map((claim) => {
      const { id, verdict, statement, source, evidence } = claim;
      return html`<details id="claim-${id}">
        <summary><b>${id}</b> ${verdict}: ${statement} <small>Paper: ${source}</small></summary>
        <div class="scroll" role="region" aria-label="Comparisons of ${id}" tabindex="0">
          <table class="small comparisons">
            <caption>
              <span>${id}: ${count(evidence.length, 'comparison')}.</span>
            </caption>
            <thead>
              <tr>
                <th scope="col">Comparison</th>
                <th scope="col">Claimed</th>
                <th scope="col" class="num">Difference</th>
                <th scope="col" class="num">95 % interval</th>
                <th scope="col" class="num">n</th>
                <th scope="col">Outcome</th>
              </tr>
            </thead>
            <tbody>
              ${evidence.map(comparisonRow)}
            </tbody>
          </table>
        </div>
      </details>`;
    })}`;
}

function comparisonRow(one: Evidence): Html {
  const [difference, interval] = differenceText(one).split(' [');
  return html`<tr>
    <th scope="row">${one.what}</th>
    <td>${one.expected}</td>
    <td class="num">${difference}${one.difference !== null && html` <small>${one.unit}</small>`}</td>
    <td class="num">${interval ? `[${interval}` : NONE}</td>
    <td class="num">${one.n}</td>
    <td class="${one.outcome}">${outcomeText(one)}</td>
  </tr>`;
}

function outcomeText({ outcome, n, direction }: Evidence): string {
  if (n === 0 || direction === null) return 'no results';
  if (outcome === 'agrees') return '✓ as claimed';
  if (outcome === 'disagrees') return '✗ the other way';
  return n === 1 ? `one trial, ${direction ? 'so far as claimed' : 'so far not'}` : 'open';
}

/** Every comparison as data. */
export const claimsData = (claims: readonly VerifiedClaim[]): Table => ({
  columns: [
    ...['claim', 'verdict', 'conditions', 'comparison', 'claimed', 'difference', 'unit', 'low', 'high'],
    ...['n', 'interval_covers', 'outcome'],
  ],
  rows: claims.flatMap(({ id, verdict, at, evidence }) =>
    evidence.map((one) => [
      ...[id, verdict, at, one.what, one.expected, one.difference, one.unit, one.low, one.high],
      ...[one.n, one.covers, one.outcome],
    ]),
  ),
});

/** The verdicts for a paper: a row a claim. */
export const verdictData = (claims: readonly VerifiedClaim[]): Table => ({
  columns: ['Claim', 'Verdict', 'n', 'As claimed', 'The other way', 'Open', 'Difference'],
  rows: claims.map((claim) => {
    const number = (outcome: Evidence['outcome']) =>
      claim.evidence.filter((one) => one.outcome === outcome).length;
    return [
      ...[claim.id, claim.verdict, trialsText(claim.evidence)],
      ...[number('agrees'), number('disagrees'), number('open')],
      differenceText(decisive(claim)),
    ];
  }),
});
