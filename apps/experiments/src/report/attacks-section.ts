import type { AttackedRun, AttackedSummary } from '../attacked/attacked-run.js';
import { attackRows, maskingText, transferRows } from '../attacked/attack-table.js';
import { list, strength as strengthText } from '../format.js';
import { variantName } from '../variant-names.js';
import { csvLink } from './_figure.js';
import { html, trusted, type Html } from './_html.js';
import { attackCsv } from '../attacked/attack-data.js';
import { corruptionsSection } from './corruptions-section.js';
import { attackedPicturesCsv } from './attacked-grids.js';
import { gradCamTable, magnificationNote, type Grid } from './grad-cam-grid.js';
import type { Album } from './pictures.js';

/** What stands before the tables. */
export interface AttacksOverview {
  /** A sentence for each dataset. */
  readonly headlines: readonly string[];
  /** The curves; null if there is nothing to draw. */
  readonly curves: Html | null;
  readonly grids: readonly Grid[];
  readonly album: Album;
  /** What makes the page again. */
  readonly command: string;
}

/** What attacks on the trained networks came to, and whether it is to be believed. */
export function attacksSection(attacked: AttackedRun, overview: AttacksOverview): Html {
  const { head, rows } = attackRows(attacked);
  const { transfer } = attacked;
  return html`${overview.headlines.map((line) => html`<h3>${line}</h3>`)} ${overview.curves}
    ${pictures(attacked, overview)} ${table('Accuracy under attack, at the largest strength', head, rows)}
    <p class="sources">
      ${String(attacked.images)} test images of each network. Worst case: each image under the worst for it of
      all attacks on L∞. Accuracy is what the test error of the figure leaves of 100 %. Masking: signs that a
      network only seems robust because attacks on it fail. ${csvLink('attacks.csv', attackCsv(attacked))}
    </p>
    ${attacked.cells.map(cellDetails)}
    ${
      transfer &&
      html`${table(
          `Transfer: accuracy of the column on images that PGD (ε = ${strengthText(transfer.epsilon)}) made against the row`,
          ...transferTable(transfer),
        )}
        <p class="sources">The diagonal is the white box: no other row should be below it in its column.</p>`
    }
    ${attacked.corruptions && corruptionsSection(attacked.corruptions, table)}`;
}

/** What the networks see in the same images, clean and attacked; nothing without pictures. */
function pictures({ cells }: AttackedRun, { grids, album, command }: AttacksOverview): Html | null {
  if (grids.length === 0) return null;
  const epsilons = grids.flatMap(({ rows }) => rows.map(({ strength: at }) => at)).filter((at) => at > 0);
  return html`<h3>What they see in an attacked image</h3>
    <div class="grids">${grids.flatMap(inPairs).map((grid) => gradCamTable(grid, album))}</div>
    <p class="sources">
      The same test images for every network, clean and under the attack on L∞ that fools it most at
      ${list([...new Set(epsilons)].map((at) => `ε = ${strengthText(at)}`))}. Brighter counts more for the
      class that is predicted; ✗ marks a wrong prediction, the percentage is its probability.
      ${magnificationNote(grids)} First trials only.
      ${csvLink('attacked-grad-cam.csv', attackedPicturesCsv(cells))} · made by <code>${command}</code>
    </p>`;
}

/** Two samples a table: tables of a few networks stand side by side where there is room. */
function inPairs(grid: Grid): Grid[] {
  const samples = [...new Set(grid.rows.map(({ sample }) => sample))];
  return Array.from({ length: Math.ceil(samples.length / 2) }, (_, i) => {
    const pair = samples.slice(2 * i, 2 * i + 2);
    return {
      ...grid,
      title: `${grid.title}, test ${pair.length > 1 ? 'images' : 'image'} ${list(pair.map(String))}`,
      rows: grid.rows.filter(({ sample }) => pair.includes(sample)),
    };
  });
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
