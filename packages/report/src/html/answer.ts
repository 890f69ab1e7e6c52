import { count, PERCENT } from '../format.js';
import {
  cautionsOf,
  headlineOf,
  namesOf,
  rankingsOf,
  shownRankings,
  type Ranking,
} from '../model/headline.js';
import { errorText } from '../model/intervals.js';
import type { Benchmark } from '../model/summary.js';
import { html, type Html } from './html.js';

/** The answer of a benchmark: the lowest error on clean images, under noise, under FGSM. */
export function answer(benchmark: Benchmark): Html {
  const shown = shownRankings(benchmark);
  return html`<div class="answer">
    <h3>${headlineOf(benchmark, rankingsOf(benchmark))}</h3>
    ${
      shown.length > 0 &&
      html`<ul class="claims">
        ${shown.map((ranking) => rankingItem(benchmark, ranking))}
      </ul>`
    }
  </div>`;
}

/** Cautions for the reader: once if one is true of all benchmarks, else with the name of each. */
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

function rankingItem({ conditions }: Benchmark, ranking: Ranking): Html {
  const { condition, under, leaders, error, next, verdict, reason } = ranking;
  const [{ name }] = leaders;
  const textOf = (one: Ranking['error']) => `${errorText(conditions, condition, one)}${PERCENT}`;
  return html`<li>
    <span class="under">Lowest error, ${under}</span>
    <span class="value"
      ><span class="key ${name.kind} ${name.alternating && 'alternating'}" aria-hidden="true"></span
      >${textOf(error)}</span
    >
    <span>${namesOf(leaders)}, ${count(error.n, 'trial')}</span>
    ${next && html`<span class="verdict">Next: ${next.variant.name.long}, ${textOf(next.error)}${next.lead && `, ${next.lead} points`}</span>`}
    <span class="verdict ${verdict !== 'decided' && 'open'}">${reason}</span>
  </li>`;
}
