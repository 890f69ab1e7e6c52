import { NotFoundError, WeightmapError, type Dataset, type ImageSpec } from '@weightmap/core';
import type { CellConfig } from '@weightmap/records';
import { count, list } from '@weightmap/report/text';
import { datasetLoader } from '../plugins/components.js';
import { blankDataset, findDataset, type FindOptions } from './find-dataset.js';
import { expandGrid, limitDataset, namesRows, placeRows, selectVariants } from './grid.js';
import type { Preset } from './presets.js';

export interface PlanOptions extends Omit<FindOptions, 'substitute'> {
  /** Ids or globs of variants. Default: the preset's. */
  select?: readonly string[];
  /** Ids of the datasets to run on, instead of the rows' own. */
  datasets?: readonly string[];
  /** Whether to run only the rows that the paper has on each dataset, also if rows are selected by name. */
  paperRows?: boolean;
  /** The command that is to be given again once missing data is there, for people. */
  command?: string;
}

/** Rows that can't run because their dataset isn't here. */
export interface LeftOut {
  /** What a report calls the dataset. */
  readonly label: string;
  /** What they would be; none if the dataset's sizes aren't known. */
  readonly cells: readonly CellConfig[];
}

/** What is to be done, before any of it is. */
export interface Plan {
  readonly cells: readonly CellConfig[];
  readonly leftOut: readonly LeftOut[];
  /** Shape and classes of the images, by the datasets' ids. */
  readonly specs: ReadonlyMap<string, ImageSpec>;
  /** What a reader of results must know of the data. */
  readonly notes: readonly string[];
}

/**
 * Every cell of a grid, with the data that it names: found, downloaded if need be, read and checked, one after the other.
 * The rows of a dataset that isn't here are left out, unless it was asked for by name.
 *
 * @throws WeightmapError if a name is unknown, if data is damaged, or if data is missing and was asked for or nothing else is left.
 * An estimate needs no data.
 */
export async function planGrid(
  preset: Preset,
  { select, datasets, paperRows = false, command, ...finding }: PlanOptions,
): Promise<Plan> {
  const rows = selectVariants(select ?? preset.select);
  const cells: CellConfig[] = [];
  const leftOut: LeftOut[] = [];
  const specs = new Map<string, ImageSpec>();
  const notes = new Set<string>();
  const named = select !== undefined && namesRows(select);
  const places = placeRows(rows, { datasets, named, paperRows });
  if (!datasets && preset.datasets)
    for (const id of places.keys()) if (!preset.datasets.includes(id)) places.delete(id);
  if (places.size === 0)
    throw new WeightmapError(`No dataset is known for ${rows.map(({ id }) => id).join(', ')}.`, {
      expected: 'rows of the paper’s tables, or a dataset by name',
      fix: 'name one by --dataset, such as --dataset digits',
    });
  let missing: NotFoundError | undefined;
  for (const [id, group] of places) {
    if (group.length === 0)
      throw new WeightmapError(`The paper has none of the selected rows on ${id}.`, {
        where: '--paper-rows',
        fix: 'leave out --paper-rows, or the dataset',
      });
    const found = await findDataset(id, {
      ...finding,
      substitute: preset.substitute && datasets === undefined,
    });
    const isMissing = found instanceof NotFoundError;
    if (isMissing && datasets && !finding.estimate) throw found;
    const loader = datasetLoader(id);
    const use = (data: Dataset) => {
      const dataset = limitDataset(data, preset.limits, finding.seed);
      specs.set(dataset.id, dataset.spec);
      return { notes: dataset.notes, cells: expandGrid(group, dataset, preset, finding.seed) };
    };
    if (isMissing) {
      missing ??= found;
      const blank = blankDataset(loader, finding);
      leftOut.push({ label: loader.label, cells: blank ? use(blank).cells : [] });
      const ids = group.map((row) => row.id);
      finding.onNote(
        `${loader.label} is not on this machine: ${count(ids.length, 'row')} left out (${list(ids)}). ` +
          `Get the data (\`weightmap doctor\` says how), then run \`${command ?? 'the same command'}\` again`,
      );
    } else {
      const used = use(found);
      for (const note of used.notes) notes.add(note);
      cells.push(...used.cells);
    }
  }
  if (cells.length === 0 && !finding.estimate) throw nothingLeft(missing!, leftOut);
  // Trial by trial, so that an interrupted run has every row once before any row twice.
  return { cells: cells.sort((a, b) => a.trial - b.trial), leftOut, specs, notes: [...notes] };
}

const nothingLeft = ({ details }: NotFoundError, leftOut: readonly LeftOut[]) =>
  new WeightmapError(
    `No row can run: ${list(leftOut.map(({ label }) => label))} ${leftOut.length === 1 ? 'is' : 'are'} missing.`,
    details,
  );
