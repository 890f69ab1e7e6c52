import { WeightmapError } from '@weightmap/core';
import { canonicalJson, cellId, type CellConfig, type Manifest } from '@weightmap/records';
import type { AttackPlan, PlannedAttack, PlannedNetwork } from './plan.js';

/** A network of a campaign, with its cell. */
export interface Target extends PlannedNetwork {
  readonly cell: CellConfig;
}

/** The networks of a plan, with their cells. */
export function targetsOf({ networks }: AttackPlan, { cells }: Pick<Manifest, 'cells'>): Target[] {
  const byId = new Map(cells.map((cell) => [cellId(cell), cell]));
  return networks.map((network) => {
    const cell = byId.get(network.cellId);
    if (!cell)
      throw new WeightmapError('A network of the plan of attacks is no longer a cell of the run.', {
        where: network.cellId.slice(0, 12),
        fix: 'start the attacks again with `weightmap attack`',
      });
    return { ...network, cell };
  });
}

/** The number of images that a network is attacked with: at most as many as its test images. */
export const imagesFor = ({ subset }: AttackPlan, { cell }: Target): number =>
  Math.min(subset.images, cell.dataset.test);

/**
 * What a plan does to the networks of a target's dataset.
 *
 * @throws WeightmapError if the plan doesn't have the dataset.
 */
export function datasetPlan({ datasets }: AttackPlan, { cell }: Target): AttackPlan['datasets'][string] {
  const { id } = cell.dataset;
  if (Object.hasOwn(datasets, id)) return datasets[id];
  throw new WeightmapError(`The plan of attacks has nothing for the dataset ${id} of one of its networks.`, {
    expected: 'the plan as `weightmap attack` wrote it',
    fix: 'start the attacks again with `weightmap attack`: finished parts are kept',
  });
}

/** The attacks of a plan on a network: those on its dataset, then those that know its defence. */
export const attacksOn = (plan: AttackPlan, target: Target): readonly PlannedAttack[] =>
  target.attacked ? [...datasetPlan(plan, target).attacks, ...(target.adaptive ?? [])] : [];

/** What tells networks apart: a defence that adds something to a trained network leaves its weights as they are. */
export const networkKey = ({ weights, cell: { defense } }: Target): string =>
  defense ? canonicalJson({ weights, defense }) : weights;
