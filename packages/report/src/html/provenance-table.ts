import { duration } from '../format.js';
import { codeName, engineName, recordsOf } from '../model/provenance.js';
import type { Summary } from '../model/summary.js';
import { variantName } from '../variant-names.js';
import { html, type Html } from './html.js';

/** One row per record: how it was made. */
export function provenanceTable(summary: Summary): Html {
  return html`<div class="scroll" role="region" aria-label="Provenance" tabindex="0">
    <table class="small">
      <caption>
        <span>One row a record. Two records with the same cell were made from the same configuration.</span>
      </caption>
      <thead>
        <tr>
          ${['Variant', 'Data', 'Trial', 'Seed', 'Cell', 'Checksum of the data', 'Epochs', 'Code', 'Engine', 'Threads', 'Node', 'Host', 'Finished', 'Training', 'Evaluation'].map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${recordsOf(summary).map(
          (record) =>
            html`<tr>
              <th scope="row">${variantName(record.cell.variant, record.cell.names).long}</th>
              <td>${record.cell.dataset.label}</td>
              <td class="num">${record.cell.trial}</td>
              <td class="num">${record.cell.seed}</td>
              <td><code title="${record.cellId}">${record.cellId.slice(0, 8)}</code></td>
              <td>
                <code title="${record.cell.dataset.checksum}"
                  >${record.cell.dataset.checksum.slice(0, 8)}</code
                >
              </td>
              <td class="num">${record.selectedEpoch} of ${record.cell.training.epochs}</td>
              <td><code>${codeName(record)}</code></td>
              <td>${engineName(record)}</td>
              <td class="num">${record.provenance.engine.threads}</td>
              <td>${record.provenance.node}</td>
              <td>${record.provenance.host} <small>${record.provenance.platform}</small></td>
              <td>${record.provenance.finishedAt.slice(0, 16).replace('T', ' ')}</td>
              <td class="num">${duration(record.seconds.training)}</td>
              <td class="num">${duration(record.seconds.evaluation)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
