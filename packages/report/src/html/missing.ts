import { NONE, percent } from '../format.js';
import type { Summary } from '../model/summary.js';
import { paperDatasetLabels } from '../paper-values.js';
import { variantName } from '../variant-names.js';
import { html, type Html } from './html.js';

/** The rows of the paper that this run has no result for, each with its reason. */
export function missingTable({ missing }: Summary): Html | null {
  if (missing.length === 0) return null;
  return html`<div class="scroll" role="region" aria-label="What is missing" tabindex="0">
    <table class="small">
      <caption>
        <span>Rows of the paper’s tables without a result here.</span>
      </caption>
      <thead>
        <tr>
          <th scope="col">Variant</th>
          <th scope="col">Data</th>
          <th scope="col">Table</th>
          <th scope="col" class="num">Here</th>
          <th scope="col" class="num">Paper’s test error, %</th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        ${missing.map(
          ({ row, reason }) =>
            html`<tr>
              <th scope="row">${variantName(row.variant).long}</th>
              <td>${paperDatasetLabels[row.dataset]}</td>
              <td class="num">${row.table}</td>
              <td class="num">${NONE}</td>
              <td class="num">${percent(row.testErrorPercent)} ± ${percent(row.plusMinus)}</td>
              <td>${reason}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Files that could not be used. */
export function damagedList({ damaged, notes }: Summary): Html | null {
  if (damaged.length + notes.length === 0) return null;
  return html`<ul class="damaged">
    ${damaged.map(({ file, reason }) => html`<li><code>${file}</code> — ${reason}</li>`)}
    ${notes.map((note) => html`<li>${note}</li>`)}
  </ul>`;
}
