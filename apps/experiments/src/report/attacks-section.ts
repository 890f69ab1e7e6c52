import type { AttackedRun, AttackedSummary } from '../attacked/attacked-run.js';
import { attackRows, maskingText, transferRows } from '../attacked/attack-table.js';
import { strength as strengthText } from '../format.js';
import { variantName } from '../variant-names.js';
import { csvLink } from './_figure.js';
import { html, trusted, type Html } from './_html.js';
import { toCsv, type Table } from './csv.js';

/** Every attack at every strength, a row each. */
export const attackData = ({ cells }: AttackedRun): Table => ({
  columns: [
    'variant',
    'dataset',
    'trial',
    'attack',
    'norm',
    'strength',
    'accuracy_percent',
    'mean_linf',
    'mean_l2',
  ],
  rows: cells.flatMap((cell) => {
    const where = [cell.variant, cell.dataset, cell.trial];
    return [
      [...where, 'none', null, 0, cell.cleanAccuracyPercent, null, null],
      ...cell.attacks.flatMap(({ id, norm, points }) =>
        points.map(({ strength, accuracyPercent, meanLinf, meanL2 }) => [
          ...where,
          ...[id, norm, strength, accuracyPercent, meanLinf, meanL2],
        ]),
      ),
      ...cell.worst.map(({ strength, accuracyPercent }) => [
        ...where,
        ...['worst case', 'linf', strength, accuracyPercent, null, null],
      ]),
    ];
  }),
});

/** What attacks on the trained networks came to, and whether it is to be believed. */
export function attacksSection(attacked: AttackedRun): Html {
  const { head, rows } = attackRows(attacked);
  const { transfer } = attacked;
  return html`${table('Accuracy under attack, at the largest strength', head, rows)}
    <p class="sources">
      ${String(attacked.images)} test images of each network. Worst case: each image under the worst for it of
      all attacks on L∞. Masking: signs that a network only seems robust because attacks on it fail.
      ${csvLink('attacks.csv', toCsv(attackData(attacked)))}
    </p>
    ${attacked.cells.map(cellDetails)}
    ${
      transfer &&
      html`${table(
          `Transfer: accuracy of the column on images that PGD (ε = ${strengthText(transfer.epsilon)}) made against the row`,
          ...transferTable(transfer),
        )}
        <p class="sources">The diagonal is the white box: no other row should be below it in its column.</p>`
    }`;
}

function transferTable(transfer: NonNullable<AttackedRun['transfer']>): [string[], string[][]] {
  const { head, rows } = transferRows(transfer);
  return [head, rows];
}

function cellDetails(cell: AttackedSummary): Html {
  const strengths = cell.worst.map(({ strength }) => strength);
  const rows = [
    ...cell.attacks.map(({ label, points }) => [
      label,
      ...points.map(({ accuracyPercent }) => accuracyPercent.toFixed(1)),
    ]),
    ['worst case', ...cell.worst.map(({ accuracyPercent }) => accuracyPercent.toFixed(1))],
  ];
  const name = `${variantName(cell.variant, cell.variant.split('-')[0]).long}, trial ${cell.trial}`;
  return html`<details>
    <summary>${name}: every strength; masking: ${maskingText(cell)}</summary>
    ${strengths.length > 0 && table('Accuracy, %', ['', ...strengths.map(strengthText)], rows)}
    ${
      cell.masking &&
      table(
        `Signs of masking, ${cell.masking.count} images, ε = ${strengthText(cell.masking.epsilon)}`,
        ['', 'value', 'limit', 'verdict'],
        cell.masking.checks.map(({ title, value, threshold, least, unit, verdict }) => [
          title,
          value === null ? '–' : `${Number(value.toPrecision(3))} ${unit}`,
          `${least ? '≥' : '≤'} ${threshold}`,
          verdict,
        ]),
      )
    }
  </details>`;
}

const table = (caption: string, head: readonly string[], rows: readonly (readonly string[])[]): Html =>
  html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table class="small">
      <caption>
        <span>${caption}</span>
      </caption>
      <thead>
        <tr>
          ${head.map((column, i) => html`<th scope="col" ${i > 0 && trusted('class="num"')}>${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([first, ...rest]) =>
            html`<tr>
              <th scope="row">${first}</th>
              ${rest.map((cell) => html`<td class="num">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
