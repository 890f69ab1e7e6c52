import { groupBy } from './_group-by.js';
import { html, type Html } from './_html.js';
import { NONE, number, percent, short } from '../format.js';
import { conditionLabel, errorUnder } from './overview.js';
import { architectureOf, nameOfRow, type ResultRow, type ResultTable } from './paper-tables.js';
import { paperDatasetLabels, type PaperRow } from '../paper-values.js';
import { differenceText } from './result-data.js';
import type { Benchmark, VariantSummary } from './summary.js';
import { architectureName, type VariantName } from '../variant-names.js';

/** Ours beside the paper's, every row of the paper's table in its order. */
export function resultTable(table: ResultTable): Html {
  const { title, benchmark, rows } = table;
  const groups = [...groupBy(rows, architectureOf)];
  // Under the heading of its architecture a variant needs no more than the rest of its name.
  const called = (row: ResultRow) => {
    const { long } = nameOfRow(row);
    return groups.length > 1 ? long.slice(architectureName(architectureOf(row)).length + 2) : long;
  };
  const isSingle = benchmark.variants.every(({ testError }) => testError.n === 1);
  return html`<div class="scroll" role="region" aria-label="${title}" tabindex="0">
    <table class="results ${isSingle && 'singles'}">
      <caption>
        <span><b>${title}.</b> Test error in percent, mean ± standard deviation over n trials.</span>
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
      ${groups.map(
        ([architecture, group]) =>
          html`<tbody>
            ${
              groups.length > 1 &&
              html`<tr class="group">
                <th scope="rowgroup" colspan="10">${architectureName(architecture)}</th>
              </tr>`
            }
            ${group.map((row) => (row.variant ? resultRow(row.variant, called(row)) : missingRow(nameOfRow(row), row.missing, called(row))))}
          </tbody>`,
      )}
    </table>
  </div>`;
}

function resultRow(variant: VariantSummary, called: string): Html {
  const { name, testError, parameters, flops, paper } = variant;
  return html`<tr>
    ${nameCell(name, called, variant.variant)}
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
    <td class="num">
      ${number(parameters)}${paper?.row.params && html`<small>paper: ${paper.row.params}</small>`}
    </td>
    <td class="num">
      ${short(flops.paper)}${
        paper?.row.gflops !== null &&
        paper?.row.gflops !== undefined &&
        html`<small>paper: ${paper.row.gflops} G</small>`
      }
    </td>
    <td class="num">${short(flops.executed)}</td>
  </tr>`;
}

function missingRow(
  name: VariantName,
  { row, reason }: { row: PaperRow; reason: string },
  called: string,
): Html {
  const none = html`<td class="num">${NONE}</td>`;
  return html`<tr class="absent">
    ${nameCell(name, called, `${row.variant}: ${reason}`)} ${none} ${none}
    <td class="num">${aligned(row.testErrorPercent, row.plusMinus)}</td>
    ${none} ${none} ${none}
    <td class="num">${NONE}${row.params && html`<small>paper: ${row.params}</small>`}</td>
    <td class="num">${NONE}${row.gflops !== null && html`<small>paper: ${row.gflops} G</small>`}</td>
    ${none}
  </tr>`;
}

const nameCell = ({ kind, alternating }: VariantName, called: string, note: string): Html =>
  html`<th scope="row">
    <span class="key ${kind} ${alternating && 'alternating'}" aria-hidden="true"></span>${called}
    <small>${note}</small>
  </th>`;

/** The mean to the right of its place, the deviation to the left of its own: the decimal points line up. */
const aligned = (mean: number, sd: number | null): Html =>
  html`<span class="mean">${percent(mean)}</span>
    <span class="sd">${sd === null ? '' : `± ${percent(sd)}`}</span>`;

/** The strength on a line of its own. */
const columnLabel = (benchmark: Benchmark, condition: 'noise' | 'fgsm'): Html => {
  const [name, at] = conditionLabel(benchmark, condition).split(', ');
  return at ? html`${name}, <span class="at">${at}</span>` : html`${name}`;
};
