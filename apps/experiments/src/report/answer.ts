import { html, type Html } from './_html.js';
import { count, meanSd, PERCENT } from '../format.js';
import { cautionsOf, claimsOf, headlineOf, verdictText, type Claim } from './headline.js';
import type { Benchmark } from './summary.js';

/** What a benchmark says of itself: who errs least, clean, under noise, under attack. */
export function answer(benchmark: Benchmark): Html {
  const claims = claimsOf(benchmark);
  return html`<div class="answer">
    <h3>${headlineOf(benchmark, claims)}</h3>
    <ul class="claims">
      ${claims.map(claimItem)}
    </ul>
  </div>`;
}

/** What to keep in mind while reading: once if it is true of all benchmarks, else with the name of each. */
export function cautions(benchmarks: readonly Benchmark[]): Html | null {
  const texts = benchmarks.flatMap((benchmark) =>
    cautionsOf(benchmark).map((text) => ({ title: benchmark.title, text })),
  );
  const unique = [...new Set(texts.map(({ text }) => text))];
  if (unique.length === 0) return null;
  return html`<div class="caution" role="note">
    ${unique.map((text) => {
      const about = texts.filter((one) => one.text === text).map(({ title }) => title);
      const isOfAll = about.length === benchmarks.length;
      return html`<p>${!isOfAll && html`<b>${about.join(', ')}:</b> `}${text}</p>`;
    })}
  </div>`;
}

function claimItem({ under, leaders, error, next, verdict }: Claim): Html {
  const [{ name }] = leaders;
  return html`<li>
    <span class="under">Lowest error, ${under}</span>
    <span class="value"
      ><span class="key ${name.kind} ${name.alternating && 'alternating'}" aria-hidden="true"></span
      >${meanSd(error)}${PERCENT}</span
    >
    <span>${leaders.map((leader) => leader.name.long).join(' and ')}, ${count(error.n, 'trial')}</span>
    ${next && html`<span class="verdict">Next: ${next.variant.name.long}, ${meanSd(next.error)}${PERCENT}</span>`}
    <span class="verdict ${verdict !== 'outside' && 'open'}">${verdictText[verdict]}</span>
  </li>`;
}
