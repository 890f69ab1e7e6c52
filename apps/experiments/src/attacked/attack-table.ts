import colours from 'picocolors';
import { alignColumns } from '../_columns.js';
import { strength as strengthText } from '../format.js';
import type { AttackedRun, AttackedSummary } from './attacked-run.js';

const nameOf = ({ variant, dataset, trial }: AttackedSummary) => `${variant} on ${dataset}, trial ${trial}`;

/** Headings and rows of the accuracy at the largest strength, an attack a column; the same for terminal and report. */
export function attackRows({ cells }: AttackedRun): { head: string[]; rows: string[][] } {
  const ids = [
    ...new Map(cells.flatMap(({ attacks }) => attacks.map(({ id, label }) => [id, label] as const))),
  ];
  const at = cells[0]?.worst.at(-1)?.strength ?? cells[0]?.attacks[0]?.points.at(-1)?.strength ?? 0;
  return {
    head: [
      'accuracy, %',
      'clean',
      ...ids.map(([, label]) => `${label} ${strengthText(at)}`),
      'worst case',
      'masking',
    ],
    rows: cells.map((cell) => [
      nameOf(cell),
      cell.cleanAccuracyPercent.toFixed(1),
      ...ids.map(([id]) => {
        const point = cell.attacks.find((attack) => attack.id === id)?.points.at(-1);
        return point ? point.accuracyPercent.toFixed(1) : '–';
      }),
      cell.worst.at(-1)?.accuracyPercent.toFixed(1) ?? '–',
      maskingText(cell),
    ]),
  };
}

export function maskingText({ masking }: AttackedSummary): string {
  if (!masking) return 'not looked for';
  const flagged = masking.checks.filter(({ verdict }) => verdict === 'flagged');
  return masking.believable
    ? 'no sign'
    : `${flagged.length} of ${masking.checks.length} checks: ${flagged.map(({ id }) => id).join(', ')}`;
}

/** For a terminal. */
export function attackTable(attacked: AttackedRun): string {
  const { head, rows } = attackRows(attacked);
  const lines = alignColumns([head, ...rows], { right: head.slice(1, -1).map((_, i) => i + 1) }).split('\n');
  const table = [
    colours.dim(lines[0]),
    ...lines
      .slice(1)
      .map((line, i) => (attacked.cells[i].masking?.believable === false ? colours.yellow(line) : line)),
  ];
  const { transfer } = attacked;
  if (transfer)
    table.push(
      '',
      `transfer, PGD at ${strengthText(transfer.epsilon)}: accuracy of the column on images made against the row`,
      transferTable(transfer),
    );
  return table.join('\n');
}

export function transferRows({ pairs }: NonNullable<AttackedRun['transfer']>): {
  head: string[];
  rows: string[][];
} {
  const names = [...new Set(pairs.map(({ from }) => from))];
  const find = (from: string, to: string) => pairs.find((pair) => pair.from === from && pair.to === to);
  return {
    head: ['made against', ...names],
    rows: names.map((from) => [
      from,
      ...names.map((to) => find(from, to)?.accuracyPercent.toFixed(1) ?? '–'),
    ]),
  };
}

function transferTable(transfer: NonNullable<AttackedRun['transfer']>): string {
  const { head, rows } = transferRows(transfer);
  return alignColumns([head, ...rows], { right: head.slice(1).map((_, i) => i + 1) });
}
