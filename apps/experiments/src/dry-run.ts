import { buildVariant } from '@weightmap/architectures';
import { trainableParameters } from '@weightmap/metrics';
import { alignColumns } from './_columns.js';
import { cellId } from './records/index.js';
import type { GridCell } from './unfinished-cells.js';

/** What each cell would be, without training anything. */
export function dryRun(cells: readonly GridCell[]): string {
  const parameters = new Map<string, string>();
  for (const { cell, dataset } of cells) {
    if (parameters.has(cell.variant)) continue;
    const model = buildVariant(cell.variant, { spec: dataset.spec, seed: 0 });
    parameters.set(cell.variant, trainableParameters(model).toLocaleString('en'));
    model.dispose();
  }
  return alignColumns(
    [
      ['cell', 'dataset', 'variant', 'trial', 'parameters'],
      ...cells.map(({ cell }) => [
        cellId(cell).slice(0, 10),
        cell.dataset.id,
        cell.variant,
        String(cell.trial),
        parameters.get(cell.variant) ?? '',
      ]),
    ],
    { right: [3, 4] },
  );
}
