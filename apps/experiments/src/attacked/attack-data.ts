import { toCsv, type Table } from '../csv.js';
import type { AttackedRun } from './attacked-run.js';

/** Every attack at every strength, a row each; `none` is the network without one, `worst case` each image under the worst for it. */
export const attackData = ({ cells }: AttackedRun): Table => ({
  columns: [
    ...['cell_id', 'dataset', 'variant', 'trial'],
    ...['attack', 'norm', 'strength', 'accuracy_percent', 'mean_linf', 'mean_l2'],
  ],
  rows: cells.flatMap((cell) => {
    const where = [cell.cellId, cell.dataset, cell.variant, cell.trial];
    return [
      [...where, 'none', null, 0, cell.cleanAccuracyPercent, null, null],
      ...cell.attacks.flatMap(({ id, norm, points }) =>
        points.map(({ strength, accuracyPercent, meanLinf, meanL2 }) => [
          ...[...where, id, norm, strength, accuracyPercent, meanLinf, meanL2],
        ]),
      ),
      ...cell.worst.map(({ strength, accuracyPercent }) => [
        ...[...where, 'worst case', 'linf', strength, accuracyPercent, null, null],
      ]),
    ];
  }),
});

export const attackCsv = (attacked: AttackedRun): string => toCsv(attackData(attacked));
