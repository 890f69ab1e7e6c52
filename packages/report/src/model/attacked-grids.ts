import { attackedPictures, type AttackedSummary } from '@weightmap/records';
import { toCsv } from '../csv.js';
import type { AttackedGroup } from './attacked-networks.js';
import { gridOf, type Grid } from './grids.js';

/** The same images as each network of an architecture sees them, clean and attacked, side by side. */
export const attackedGrids = (run: string, groups: readonly AttackedGroup[]): Grid[] =>
  groups.flatMap(({ id, title, architecture, networks }) =>
    gridOf(
      `attacked-grad-cam-${id}`,
      `${architecture.label} on ${title}, under attack`,
      networks.flatMap(({ name, cells }) => {
        const [pictured] = cells.flatMap((cell) => attackedPictures(run, cell) ?? []);
        return pictured ? [{ name, stored: pictured, attack: pictured.attack }] : [];
      }),
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
