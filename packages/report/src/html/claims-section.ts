import {
  decisive,
  differenceText,
  evidenceText,
  powerText,
  trialsText,
  verdictText,
  type Evidence,
  type Verdict,
  type VerifiedClaim,
} from '../claims/index.js';
import { count, NONE } from '../format.js';
import { html, type Html } from './html.js';

/** A sign beside the word, so that colour isn't all there is. */
export const verdictSign: Readonly<Record<Verdict, string>> = {
  supported: '✓',
  contradicted: '✗',
  undecided: '?',
};

const hasResult = ({ evidence }: VerifiedClaim) => evidence.some(({ direction }) => direction !== null);

/** A sentence for each claim with its verdict; those without any result are folded under one line. */
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
      <span class="word"><span aria-hidden="true">${verdictSign[verdict]}</span> ${verdictText(claim)}</span
      >${at && html` <span class="at">${at}</span>`}<span class="dash">:</span> ${statement}</span
    >
    <span class="why"
      >${reason}${
        shown.difference !== null &&
        html`;
          <span class="figures">n = ${trialsText(evidence)}, ${differenceText(shown)} ${shown.unit}</span>
          (${evidenceText(shown)})`
      }.
      ${figure}</span
    >
  </li>`;
}

/** Every comparison, in a table for each claim, folded. */
export function comparisonTables(claims: readonly VerifiedClaim[]): Html {
  return html`<p>
      A comparison is a difference between the means of two variants over their trials, with Welch’s 95 %
      interval: it covers the randomness of training, not the choice of test images. It agrees if the whole
      interval lies where the claim says. A claim is supported if each comparison agrees, and contradicted if
      one disagrees at a level that Holm’s method corrects for their number. Errors under noise and FGSM are
      means over the strengths at which at least one of the compared networks is more than 10 points better
      than chance. Power is the chance that this many trials support the claim if it is true.
    </p>
    ${claims.map((claim) => {
      const { id, verdict, statement, source, evidence, power } = claim;
      return html`<details id="claim-${id}">
        <summary><b>${id}</b> ${verdict}: ${statement} <small>Paper: ${source}</small></summary>
        <div class="scroll" role="region" aria-label="Comparisons of ${id}" tabindex="0">
          <table class="small comparisons">
            <caption>
              <span
                >${id}: ${count(evidence.length, 'comparison')}. Power with ${count(power.trials, 'trial')}:
                ${powerText(power)}, if true is: ${power.basis}.</span
              >
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
    <th scope="row">${evidenceText(one)}</th>
    <td>${one.expected}</td>
    <td class="num">${difference}${one.difference !== null && html` <small>${one.unit}</small>`}</td>
    <td class="num">${interval ? `[${interval}` : NONE}</td>
    <td class="num">${one.n}</td>
    <td class="${one.outcome}">${outcomeText(one)}</td>
  </tr>`;
}

function outcomeText({ outcome, n, direction }: Evidence): string {
  if (n === 0 || direction === null) return 'no results';
  if (outcome === 'agrees') return '✓ agrees';
  if (outcome === 'disagrees') return '✗ disagrees';
  return n === 1
    ? `one trial, no interval; ${direction ? 'in the direction of the claim' : 'in the other direction'}`
    : 'inconclusive';
}
