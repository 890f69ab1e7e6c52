import { testErrorInterval } from '@weightmap/metrics';
import type { AttackedRun } from '@weightmap/records';
import { toCsv, type Table } from '../csv.js';

/**
 * Every attack at every strength, a row each; `none` is the network without one, `worst case` each image under the worst for it
 * of the attacks of that norm; `low` and `high` are Wilson's 95 % interval over the test images.
 */
export const attackData = ({ cells }: AttackedRun): Table => ({
  columns: [
    ...['cell_id', 'dataset', 'variant', 'trial'],
    ...['attack', 'norm', 'strength', 'accuracy_percent', 'mean_linf', 'mean_l2', 'images', 'low', 'high'],
  ],
  rows: cells.flatMap((cell) => {
    const where = [cell.cellId, cell.dataset, cell.variant, cell.trial];
    const sureness = (accuracyPercent: number, images = cell.images) => {
      const { low, high } = testErrorInterval(accuracyPercent, images);
      return [images, low, high];
    };
    return [
      [
        ...where,
        'none',
        null,
        0,
        cell.cleanAccuracyPercent,
        null,
        null,
        ...sureness(cell.cleanAccuracyPercent),
      ],
      ...cell.attacks.flatMap(({ id, norm, points }) =>
        points.map(({ strength, accuracyPercent, images, meanLinf, meanL2 }) => [
          ...[...where, id, norm, strength, accuracyPercent, meanLinf, meanL2],
          ...sureness(accuracyPercent, images),
        ]),
      ),
      ...cell.worst.map(({ norm, strength, accuracyPercent, images }) => [
        ...[...where, 'worst case', norm, strength, accuracyPercent, null, null],
        ...sureness(accuracyPercent, images),
      ]),
    ];
  }),
});

/** `attackData` as CSV. */
export const attackCsv = (attacked: AttackedRun): string => toCsv(attackData(attacked));
