import { html, type Html } from './_html.js';
import type { Table } from './csv.js';
import { meanSd, NONE, number, percent, short, signed } from '../format.js';
import { conditionLabel, errorUnder } from './overview.js';
import { paperDatasetLabels } from '../paper-values.js';
import type { Benchmark, VariantSummary } from './summary.js';

/** Ours beside the paper's, in the order of the paper's tables. */
export function resultTable(benchmark: Benchmark): Html {
  const { title, variants } = benchmark;
  return html`<div class="scroll" role="region" aria-label="Results on ${title}" tabindex="0">
    <table class="results ${variants.every(({ testError }) => testError.n === 1) && 'singles'}">
      <caption>
        <span>${title}: test error in percent, mean ± standard deviation over n trials.</span>
      </caption>
      <thead>
        <tr>
          <th scope="col">Variant</th>
          <th scope="col" class="num">Test error</th>
          <th scope="col" class="num">n</th>
          <th scope="col" class="num">Paper’s</th>
          <th scope="col" class="num">Difference</th>
          <th scope="col" class="num under">${columnLabel(benchmark, 'noise')}</th>
          <th scope="col" class="num under">${columnLabel(benchmark, 'fgsm')}</th>
          <th scope="col" class="num">Parameters</th>
          <th scope="col" class="num">FLOPs, paper’s count</th>
          <th scope="col" class="num">FLOPs, executed</th>
        </tr>
      </thead>
      <tbody>
        ${variants.map(resultRow)}
      </tbody>
    </table>
  </div>`;
}

function resultRow(variant: VariantSummary): Html {
  const { name, testError, parameters, flops, paper } = variant;
  return html`<tr>
    <th scope="row">
      <span class="key ${name.kind} ${name.alternating && 'alternating'}" aria-hidden="true"></span
      >${name.long}
      <small>${variant.variant}</small>
    </th>
    <td class="num strong ours">${aligned(testError.mean, testError.sd)}</td>
    <td class="num">${testError.n}</td>
    <td class="num">
      ${paper ? aligned(paper.row.testErrorPercent, paper.row.plusMinus) : NONE}
      ${paper?.difference === null && html`<small>on ${paperDatasetLabels[paper.row.dataset]}</small>`}
    </td>
    <td class="num ${paper?.outside && 'outside'}">${differenceText(variant)}</td>
    ${(['noise', 'fgsm'] as const).map((condition) => {
      const error = errorUnder(variant, condition);
      return html`<td class="num ours">${error ? aligned(error.mean, error.sd) : NONE}</td>`;
    })}
    <td class="num">${number(parameters)}</td>
    <td class="num">${short(flops.paper)}</td>
    <td class="num">${short(flops.executed)}</td>
  </tr>`;
}

/** The mean to the right of its place, the deviation to the left of its own: the decimal points line up. */
const aligned = (mean: number, sd: number | null): Html =>
  html`<span class="mean">${percent(mean)}</span>
    <span class="sd">${sd === null ? '' : `± ${percent(sd)}`}</span>`;

/** The strength on a line of its own. */
const columnLabel = (benchmark: Benchmark, condition: 'noise' | 'fgsm'): Html => {
  const [name, at] = conditionLabel(benchmark, condition).split(', ');
  return at ? html`${name}, <span class="at">${at}</span>` : html`${name}`;
};

const differenceText = ({ paper }: VariantSummary): string =>
  paper?.difference === null || paper?.difference === undefined ? NONE : signed(paper.difference);

/** What the differences mean, for below the table. */
export function differenceNote({ likeness, variants }: Benchmark): string {
  if (!likeness.sameData)
    return 'The paper’s values are for other images: they stand there for orientation, and no difference is taken.';
  if (likeness.caveats.length > 0)
    return 'The conditions are not the paper’s, so no difference is marked as one.';
  const marked = 'A difference is marked where it is larger than both standard deviations.';
  return variants.some(({ testError }) => testError.n === 1)
    ? `${marked} With one trial there is no deviation, and nothing is marked.`
    : marked;
}

/** The same as data: a row a variant. */
export const resultData = (benchmarks: readonly Benchmark[]): Table => ({
  columns: [
    'dataset',
    'variant',
    'trials',
    'test_error_percent_mean',
    'test_error_percent_sd',
    'paper_dataset',
    'paper_test_error_percent',
    'paper_plus_minus',
    'difference',
    'like_for_like',
    'noise_beta',
    'noise_error_percent',
    'fgsm_epsilon',
    'fgsm_error_percent',
    'parameters',
    'flops_paper',
    'flops_executed',
  ],
  rows: benchmarks.flatMap(({ title, likeness, telling, variants }) =>
    variants.map((variant) => [
      title,
      variant.variant,
      variant.testError.n,
      variant.testError.mean,
      variant.testError.sd,
      variant.paper?.row.dataset ?? null,
      variant.paper?.row.testErrorPercent ?? null,
      variant.paper?.row.plusMinus ?? null,
      variant.paper?.difference ?? null,
      likeness.caveats.length === 0 ? 'yes' : 'no',
      telling.noise,
      variant.telling.noise?.mean ?? null,
      telling.fgsm,
      variant.telling.fgsm?.mean ?? null,
      variant.parameters,
      variant.flops.paper,
      variant.flops.executed,
    ]),
  ),
});

/** What the tables in Markdown and in the terminal share. */
export function resultCells(variant: VariantSummary): string[] {
  const { testError, paper } = variant;
  const [noise, fgsm] = (['noise', 'fgsm'] as const).map((condition) => errorUnder(variant, condition));
  return [
    meanSd(testError),
    paper ? `${percent(paper.row.testErrorPercent)} ± ${percent(paper.row.plusMinus)}` : NONE,
    differenceText(variant),
    noise ? meanSd(noise) : NONE,
    fgsm ? meanSd(fgsm) : NONE,
    String(testError.n),
  ];
}
