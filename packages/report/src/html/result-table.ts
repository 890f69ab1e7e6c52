import { NONE, number, percent, short, signed } from '../format.js';
import { groupBy } from '../group-by.js';
import { conditionLabel, errorUnder, type Condition } from '../model/condition.js';
import { imageInterval, intervalText, notationNote } from '../model/intervals.js';
import { architectureOfRow, nameOfRow, type ResultRow, type ResultTable } from '../model/paper-tables.js';
import { differenceText, filledColumns } from '../model/result-data.js';
import type { Spread } from '../model/statistics.js';
import type { Benchmark, VariantSummary } from '../model/summary.js';
import { paperDatasetLabels, type PaperRow } from '../paper-values.js';
import type { VariantName } from '../variant-names.js';
import { html, type Html } from './html.js';

/** Ours beside the paper's, every row of the paper's table in its order. */
export function resultTable(table: ResultTable): Html {
  const { title, benchmark, rows } = table;
  const filled = filledColumns(table);
  const columns = 4 + Object.values(filled).filter(Boolean).length + (filled.flops ? 1 : 0);
  const groups = [...groupBy(rows, architectureOfRow)];
  // Under the heading of its architecture a variant needs no more than the rest of its name.
  const called = (row: ResultRow) => {
    const { long, architecture } = nameOfRow(row);
    const before = `${architecture}, `;
    return groups.length > 1 && long.startsWith(before) ? long.slice(before.length) : long;
  };
  return html`<div class="scroll" role="region" aria-label="${title}" tabindex="0">
    <table class="results">
      <caption>
        <span><b>${title}.</b> Test error in percent; ${notationNote(benchmark)}.</span>
      </caption>
      <thead>
        <tr>
          <th scope="col">Variant</th>
          <th scope="col" class="num">Test error</th>
          <th scope="col" class="num">n</th>
          ${filled.paper && html`<th scope="col" class="num">Paper</th>`}
          ${filled.difference && html`<th scope="col" class="num">Difference</th>`}
          ${filled.noise && html`<th scope="col" class="num under">${columnLabel(benchmark, 'noise')}</th>`}
          ${filled.fgsm && html`<th scope="col" class="num under">${columnLabel(benchmark, 'fgsm')}</th>`}
          <th scope="col" class="num">Parameters</th>
          ${
            filled.flops &&
            html`<th scope="col" class="num">FLOPs, paper’s count</th>
              <th scope="col" class="num">FLOPs, executed</th>`
          }
        </tr>
      </thead>
      ${groups.map(
        ([, group]) =>
          html`<tbody>
            ${
              groups.length > 1 &&
              html`<tr class="group">
                <th scope="rowgroup" colspan="${columns}">${nameOfRow(group[0]).architecture}</th>
              </tr>`
            }
            ${group.map((row) => (row.variant ? resultRow(benchmark, row.variant, { called: called(row), filled }) : missingRow(nameOfRow(row), row.missing, { called: called(row), filled })))}
          </tbody>`,
      )}
    </table>
  </div>`;
}

/** How a row is shown: its name under the heading of its architecture, and the columns of the table. */
interface Shown {
  readonly called: string;
  readonly filled: ReturnType<typeof filledColumns>;
}

function resultRow(benchmark: Benchmark, variant: VariantSummary, { called, filled }: Shown): Html {
  const { name, testError, parameters, flops, paper } = variant;
  return html`<tr>
    ${nameCell(name, called, variant.variant)}
    <td class="num strong">${ownError(benchmark, 'clean', testError)}</td>
    <td class="num">${testError.n}</td>
    ${
      filled.paper &&
      html`<td class="num">
        ${paper ? aligned(paper.row.testErrorPercent, paper.row.plusMinus) : NONE}
        ${!benchmark.likeness.sameData && paper && html`<small>on ${paperDatasetLabels[paper.row.dataset]}</small>`}
      </td>`
    }
    ${
      filled.difference &&
      html`<td class="num ${paper?.isDifferent && 'outside'}">
        ${differenceText(variant)}${
          paper?.interval &&
          html`<small>[${signed(paper.interval.low)}, ${signed(paper.interval.high)}]</small>`
        }
      </td>`
    }
    ${(['noise', 'fgsm'] as const).map((condition) => {
      if (!filled[condition]) return null;
      const error = errorUnder(variant, condition);
      return html`<td class="num">${error ? ownError(benchmark, condition, error) : NONE}</td>`;
    })}
    <td class="num">
      ${number(parameters)}${paper?.row.params && html`<small>paper: ${paper.row.params}</small>`}
    </td>
    ${
      filled.flops &&
      html`<td class="num">
          ${flops ? short(flops.paper) : NONE}${
            paper?.row.gflops !== null &&
            paper?.row.gflops !== undefined &&
            html`<small>paper: ${paper.row.gflops} G</small>`
          }
        </td>
        <td class="num">${flops ? short(flops.executed) : NONE}</td>`
    }
  </tr>`;
}

function missingRow(
  name: VariantName,
  { row, reason }: { row: PaperRow; reason: string },
  { called, filled }: Shown,
): Html {
  const none = html`<td class="num">${NONE}</td>`;
  return html`<tr class="absent">
    ${nameCell(name, called, `${row.variant}: ${reason}`)} ${none} ${none}
    <td class="num">${aligned(row.testErrorPercent, row.plusMinus)}</td>
    ${filled.difference && none} ${filled.noise && none} ${filled.fgsm && none}
    <td class="num">${NONE}${row.params && html`<small>paper: ${row.params}</small>`}</td>
    ${
      filled.flops &&
      html`<td class="num">${NONE}${row.gflops !== null && html`<small>paper: ${row.gflops} G</small>`}</td>
        ${none}`
    }
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

/** ± the deviation over trials, or the interval over the test images of a single trial. */
function ownError({ conditions }: Benchmark, condition: Condition, error: Spread): Html {
  const interval = imageInterval(conditions, condition, error);
  return interval
    ? html`${percent(error.mean)}<small>${intervalText(interval)}</small>`
    : aligned(error.mean, error.sd);
}

/** The strengths on a line of their own. */
const columnLabel = (benchmark: Benchmark, condition: 'noise' | 'fgsm'): Html => {
  const [name, at] = conditionLabel(benchmark, condition).split(', ');
  if (!at) return html`${name}`;
  const range = at.replace(/^mean over /, '');
  return html`${name}, ${range !== at && 'mean over '}<span class="at">${range}</span>`;
};
