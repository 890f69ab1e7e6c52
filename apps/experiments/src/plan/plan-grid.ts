import { WeightmapError, type CellConfig, type ImageSpec } from '@weightmap/core';
import { findDataset, type FindOptions } from './find-dataset.js';
import { expandGrid, limitDataset, placeRows, selectVariants } from './grid.js';
import type { Preset } from './presets.js';

export interface PlanOptions extends Omit<FindOptions, 'substitute'> {
  /** Ids or globs of variants. Default: the preset's. */
  select?: readonly string[];
  /** Ids of the datasets to run on, instead of the rows' own. */
  datasets?: readonly string[];
}

/** What is to be done, before any of it is. */
export interface Plan {
  readonly cells: readonly CellConfig[];
  /** Shape and classes of the images, by the datasets' ids. */
  readonly specs: ReadonlyMap<string, ImageSpec>;
  /** What a reader of results must know of the data. */
  readonly notes: readonly string[];
}

/**
 * Every cell of a grid, with the data that it names: found, downloaded if need be, read and checked, one after the other.
 *
 * @throws WeightmapError if a name is unknown, or if data is missing or damaged.
 */
export async function planGrid(preset: Preset, { select, datasets, ...finding }: PlanOptions): Promise<Plan> {
  const rows = selectVariants(select ?? preset.select);
  const cells: CellConfig[] = [];
  const specs = new Map<string, ImageSpec>();
  const notes = new Set<string>();
  const places = placeRows(rows, { datasets, chosen: select !== undefined });
  if (places.size === 0)
    throw new WeightmapError(`No dataset is known for ${rows.map(({ id }) => id).join(', ')}.`, {
      expected: 'rows of the paper’s tables, or a dataset by name',
      fix: 'name one by --dataset, such as --dataset digits',
    });
  for (const [id, group] of places) {
    const substitute = preset.substitute && datasets === undefined;
    const found = await findDataset(id, { ...finding, substitute });
    if (!found) continue;
    const dataset = limitDataset(found, preset.limits, finding.seed);
    specs.set(dataset.id, dataset.spec);
    for (const note of dataset.notes) notes.add(note);
    cells.push(...expandGrid(group, dataset, preset, finding.seed));
  }
  // Trial by trial, so that an interrupted run has every row once before any row twice.
  return { cells: cells.sort((a, b) => a.trial - b.trial), specs, notes: [...notes] };
}
