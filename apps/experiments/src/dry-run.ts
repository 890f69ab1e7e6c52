import { buildVariant } from '@weightmap/architectures';
import type { CellConfig, ImageSpec } from '@weightmap/core';
import { trainableParameters } from '@weightmap/metrics';
import { alignColumns } from './_columns.js';
import { cellId } from './records/index.js';

/**
 * What each cell would be, without training anything.
 *
 * @param specs of the images, by the datasets' ids.
 */
export function dryRun(cells: readonly CellConfig[], specs: ReadonlyMap<string, ImageSpec>): string {
  const parameters = new Map<string, string>();
  const network = ({ dataset, variant }: CellConfig) => `${dataset.id}/${variant}`;
  for (const cell of cells) {
    if (parameters.has(network(cell))) continue;
    const model = buildVariant(cell.variant, { spec: specs.get(cell.dataset.id)!, seed: 0 });
    parameters.set(network(cell), trainableParameters(model).toLocaleString('en'));
    model.dispose();
  }
  return alignColumns(
    [
      ['cell', 'dataset', 'variant', 'trial', 'parameters'],
      ...cells.map((cell) => [
        cellId(cell).slice(0, 10),
        cell.dataset.id,
        cell.variant,
        String(cell.trial),
        parameters.get(network(cell)) ?? '',
      ]),
    ],
    { right: [3, 4] },
  );
}
