import { html, type Html } from './_html.js';
import { count, meanSd } from '../format.js';
import { cautionsOf, claimsOf, headlineOf, verdictText, type Claim } from './headline.js';
import type { Benchmark } from './summary.js';

/** What a benchmark says, before any table: the headline, what to keep in mind, the three claims. */
export function answer(benchmark: Benchmark, isFirst: boolean): Html {
  const claims = claimsOf(benchmark);
  const headline = headlineOf(benchmark, claims);
  const cautions = cautionsOf(benchmark);
  return html`<div class="answer">
    ${isFirst ? html`<h1>${headline}</h1>` : html`<h2>${headline}</h2>`}
    ${cautions.length > 0 && html`<div class="caution" role="note">${cautions.map((caution) => html`<p>${caution}</p>`)}</div>`}
    <ul class="claims">
      ${claims.map(claimItem)}
    </ul>
  </div>`;
}

function claimItem({ under, leaders, error, next, verdict }: Claim): Html {
  const [{ name }] = leaders;
  return html`<li>
    <span class="under">Lowest error, ${under}</span>
    <span class="value"
      ><span class="key ${name.kind} ${name.alternating && 'alternating'}" aria-hidden="true"></span
      >${meanSd(error)} %</span
    >
    <span>${leaders.map((leader) => leader.name.long).join(' and ')}, ${count(error.n, 'trial')}</span>
    ${next && html`<span class="verdict">Next: ${next.variant.name.long}, ${meanSd(next.error)} %</span>`}
    <span class="verdict ${verdict !== 'outside' && 'open'}">${verdictText[verdict]}</span>
  </li>`;
}
