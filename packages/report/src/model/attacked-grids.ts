import { cellPaths, type AttackedSummary } from '@weightmap/records';
import { architectureName } from '../variant-names.js';
import type { AttackedGroup } from './attacked-networks.js';
import { toCsv } from '../csv.js';
import { gridOf, type Grid } from './grad-cam-grid.js';
import type { Album, Pictured } from './pictures.js';

/** The pictures of a cell that was attacked; null if it has none. */
export function attackedPictures(run: string, cell: AttackedSummary): (Pictured & { attack: string }) | null {
  if (!cell.pictures) return null;
  const { attack, looks } = cell.pictures;
  const { folder } = cellPaths(run, { ...cell, dataset: { id: cell.dataset } });
  return { attack, folder, record: { gradCam: looks } };
}

/** What the networks of each architecture see in the same images, clean and attacked, side by side. */
export const attackedGrids = (
  run: string,
  groups: readonly AttackedGroup[],
  { shown }: Pick<Album, 'shown'>,
): Grid[] =>
  groups.flatMap(({ id, title, architecture, networks }) =>
    gridOf(
      `attacked-grad-cam-${id}`,
      `${architectureName(architecture)} on ${title}, under attack`,
      networks.flatMap(({ name, cells }) => {
        const [pictured] = cells.flatMap((cell) => attackedPictures(run, cell) ?? []);
        return pictured ? [{ name, stored: pictured, attack: pictured.attack }] : [];
      }),
      shown,
    ),
  );

/** Every look at every sample, as CSV. */
export const attackedPicturesCsv = (cells: readonly AttackedSummary[]): string =>
  toCsv({
    columns: [
      ...['dataset', 'variant', 'trial', 'sample', 'attack', 'epsilon', 'layer', 'label', 'predicted'],
      ...['probability', 'image', 'heatmap', 'perturbation'],
    ],
    rows: cells.flatMap(({ dataset, variant, trial, pictures }) =>
      (pictures?.looks ?? []).map((look) => [
        ...[dataset, variant, trial, look.sample],
        ...[look.condition === 'attacked' ? pictures!.attack : 'none', look.strength, look.layer],
        ...[look.label, look.predicted, look.probability, look.image, look.heatmap],
        look.perturbation ?? null,
      ]),
    ),
  });
