import type { AttackedRun, AttackedSummary } from '@weightmap/records';
import type { Album } from '../figures/pictures.js';
import { list, strength as strengthText } from '../format.js';
import { groupBy } from '../group-by.js';
import { attackCsv } from '../model/attack-data.js';
import type { AttackModel } from '../model/attack-model.js';
import {
  attackRows,
  maskingText,
  normText,
  shareText,
  strengthHead,
  transferRows,
} from '../model/attack-table.js';
import { attackedPicturesCsv } from '../model/attacked-grids.js';
import type { AttackedGroup } from '../model/attacked-networks.js';
import { magnificationNote, type Grid } from '../model/grids.js';
import { csvLink } from './_figure.js';
import { table } from './_table.js';
import { corruptionsSection } from './corruptions-section.js';
import { gradCamTable, heatLegend } from './grad-cam-table.js';
import { html, type Html } from './html.js';

/** Drawings that come before the tables. */
interface Drawn {
  /** The curves; null if there is nothing to draw. */
  readonly curves: Html | null;
  readonly grids: readonly Grid[];
  readonly album: Album;
  /** The command that makes the page again. */
  readonly command: string;
  /** Whether no run has trained the networks, so that they have no trials. */
  readonly isOwn?: boolean;
}

/** The results of attacks on the trained networks, and whether they are believable. */
export function attacksSection({ results: attacked, headlines, groups }: AttackModel, drawn: Drawn): Html {
  const { head, rows } = attackRows(attacked, drawn.isOwn ? ({ variant }) => variant : undefined);
  const { transfer } = attacked;
  return html`${headlines.map((line) => html`<h3>${line}</h3>`)} ${drawn.curves} ${pictures(attacked, drawn)}
    ${table('Accuracy under attack, at the largest strength at which a network keeps 5 %', head, rows)}
    <p class="sources">
      ${String(attacked.images)} test images of each network, drawn evenly from the classes, the same for all.
      In brackets: Wilson’s 95 % interval over the test images. Worst case: each image under the worst for it
      of all attacks on L∞ of that strength. Accuracy is 100 % minus the test error of the figure. Masking:
      signs that a network only seems robust because attacks on it fail.
      ${csvLink('attacks.csv', attackCsv(attacked))}
    </p>
    ${attacked.cells.map((cell) => cellDetails(cell, `${nameIn(groups, cell)}${drawn.isOwn ? '' : `, trial ${cell.trial}`}`))}
    ${(transfer ?? []).map((matrix) => {
      const { head: names, rows: pairs } = transferRows(matrix);
      return html`${table(
          `Transfer on ${matrix.dataset}: accuracy of the column on images that PGD (L∞ ε = ${strengthText(matrix.epsilon)}) made against the row`,
          names,
          pairs,
        )}
        <p class="sources">The diagonal is the white box: no other row should be below it in its column.</p>`;
    })}
    ${attacked.corruptions && corruptionsSection(attacked.corruptions)}`;
}

/** Grad-CAM of the networks on the same images, clean and attacked; nothing without pictures. */
function pictures({ cells }: AttackedRun, { grids, album, command }: Drawn): Html | null {
  if (grids.length === 0) return null;
  const epsilons = grids.flatMap(({ rows }) => rows.map(({ strength: at }) => at)).filter((at) => at > 0);
  return html`<h3>What they see in an attacked image</h3>
    <div class="grids">${grids.flatMap(inPairs).map((grid) => gradCamTable(grid, album))}</div>
    ${heatLegend()}
    <p class="sources">
      The same test images for every network, clean and under the attack on L∞ that fools it most at
      ${list([...new Set(epsilons)].map((at) => `ε = ${strengthText(at)}`))}. Brighter counts more for the
      class that is predicted; ✗ marks a wrong prediction, the percentage is its probability.
      ${magnificationNote(grids)} First trials only.
      ${csvLink('attacked-grad-cam.csv', attackedPicturesCsv(cells))} · made by <code>${command}</code>
    </p>`;
}

/** Two samples per table: tables of a few networks are side by side where there is room. */
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

const nameIn = (groups: readonly AttackedGroup[], cell: AttackedSummary): string =>
  groups.flatMap(({ networks }) => networks).find(({ cells }) => cells.includes(cell))!.name.long;

function cellDetails(cell: AttackedSummary, name: string): Html {
  return html`<details>
    <summary>${name}: every strength; masking: ${maskingText(cell)}</summary>
    ${cell.failed && html`<p>Left out, because it failed: ${cell.failed.join('; ')}.</p>`}
    ${strengthTables(cell)}
    ${(cell.masking ?? []).map((report) =>
      table(
        `Signs of masking, ${report.count} images, L∞ ε = ${strengthText(report.epsilon)}: ${report.verdict}`,
        ['', 'value', 'limit', 'verdict'],
        report.checks.map(({ title, value, interval, threshold, least, unit, verdict, because }) => [
          because === undefined ? title : `${title} (${because})`,
          value === null
            ? '–'
            : `${rounded(value)}${interval ? ` [${interval.map(rounded).join(', ')}]` : ''} ${unit}`,
          `${least ? '≥' : '≤'} ${threshold}`,
          verdict,
        ]),
      ),
    )}
  </details>`;
}

const rounded = (value: number) => Number(value.toPrecision(3));

/** A table for each norm, and for each attack without one. */
function strengthTables({ attacks, worst, images }: AttackedSummary): Html[] {
  const groups = groupBy(attacks, ({ id, norm, measure }) => `${norm ?? id} ${measure}`);
  return [...groups.values()].map((members) => {
    const [{ norm, measure, label }] = members;
    const worstHere = measure === 'epsilon' ? worst.filter((point) => point.norm === norm) : [];
    const lines = [
      ...members.map((attack) => ({ name: attack.label, points: attack.points })),
      ...(worstHere.length > 0 ? [{ name: 'worst case', points: worstHere }] : []),
    ];
    const strengths = [...new Set(lines.flatMap(({ points }) => points.map((point) => point.strength)))].sort(
      (a, b) => a - b,
    );
    return table(
      `Accuracy, %, ${norm === null ? label : `attacks on ${normText(norm)}`}`,
      ['', ...strengths.map((at) => strengthHead({ norm, measure }, at))],
      lines.map(({ name, points }) => [
        name,
        ...strengths.map((at) => {
          const point = points.find(({ strength }) => strength === at);
          return point ? shareText(point.accuracyPercent, images) : '–';
        }),
      ]),
    );
  });
}
