import { NotFoundError, WeightmapError, type Dataset, type ImageSpec } from '@weightmap/core';
import type { CellConfig, SweptSettings } from '@weightmap/records';
import { count, list } from '@weightmap/report/text';
import { datasetLoader } from '../plugins/components.js';
import { chooseDefenses } from './defense-choice.js';
import { blankDataset, findDataset, type FindOptions } from './find-dataset.js';
import { expandGrid, limitDataset, namesVariants, placeVariants, selectVariants } from './grid.js';
import type { Preset } from './presets.js';
import { withSettings } from './sweep.js';

export interface PlanOptions extends Omit<FindOptions, 'substitute'> {
  /** Ids or globs of variants. Default: the preset's. */
  select?: readonly string[];
  /** Ids of the datasets to run on, instead of each variant's own. */
  datasets?: readonly string[];
  /** Whether to run only variants that the paper reports on each dataset, also if variants are selected by name. */
  paperRows?: boolean;
  /** Defences to cross the variants with, as `chooseDefenses` takes them. Default: the preset's; without any, plain networks. */
  defenses?: readonly string[];
  /** Presets that differ in swept settings, with these settings. Default: the preset, as it is. */
  swept?: readonly { readonly settings: SweptSettings; readonly preset: Preset }[];
  /** Seeds of the training, each for all trials. Default: the seed of the data alone. */
  seeds?: readonly number[];
  /** The command to run again when missing data has been provided, for people. */
  command?: string;
}

/** Variants that can't run because their dataset is not on this machine. */
export interface LeftOut {
  /** The dataset's name in a report. */
  readonly label: string;
  /** Their cells; none if the dataset's sizes aren't known. */
  readonly cells: readonly CellConfig[];
}

/** The cells of a run, before any of them is started. */
export interface Plan {
  readonly cells: readonly CellConfig[];
  readonly leftOut: readonly LeftOut[];
  /** Shape and classes of the images, by dataset id. */
  readonly specs: ReadonlyMap<string, ImageSpec>;
  /** Notes about the data that a reader of the results must know. */
  readonly notes: readonly string[];
}

/**
 * Plans the cells of a grid. Each dataset is found, downloaded if necessary, read and checked. The variants of a dataset that
 * is missing are left out, unless the dataset was requested by name.
 *
 * @throws WeightmapError if a name is unknown, data is damaged, a requested dataset is missing, or nothing is left to run. An
 * estimate needs no data.
 */
export async function planGrid(
  preset: Preset,
  {
    select,
    datasets,
    defenses,
    paperRows = false,
    swept = [{ settings: {}, preset }],
    seeds,
    command,
    ...finding
  }: PlanOptions,
): Promise<Plan> {
  const selected = selectVariants(select ?? preset.select);
  const chosen = chooseDefenses(defenses ?? preset.defenses ?? ['none']);
  const cells: CellConfig[] = [];
  const leftOut: LeftOut[] = [];
  const specs = new Map<string, ImageSpec>();
  const notes = new Set<string>();
  const named = select !== undefined && namesVariants(select);
  const places = placeVariants(selected, { datasets, named, paperRows });
  if (!datasets && preset.datasets)
    for (const id of places.keys()) if (!preset.datasets.includes(id)) places.delete(id);
  if (places.size === 0)
    throw new WeightmapError(`No dataset is known for ${selected.map(({ id }) => id).join(', ')}.`, {
      expected: 'variants of the paper’s tables, or a dataset by name',
      fix: 'name a dataset, such as --dataset digits',
    });
  let missing: NotFoundError | undefined;
  for (const [id, group] of places) {
    if (group.length === 0)
      throw new WeightmapError(`The paper has none of the selected variants on ${id}.`, {
        where: '--paper-rows',
        fix: 'leave out --paper-rows or the dataset',
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
      const cells = swept.flatMap((one) =>
        expandGrid(group, dataset, one.preset, finding.seed, chosen, seeds).map((cell) =>
          withSettings(cell, one.settings),
        ),
      );
      return { notes: dataset.notes, cells };
    };
    if (isMissing) {
      missing ??= found;
      const blank = blankDataset(loader, finding);
      leftOut.push({ label: loader.label, cells: blank ? use(blank).cells : [] });
      const ids = group.map((variant) => variant.id);
      finding.onNote(
        `${loader.label} is not on this machine: ${count(ids.length, 'variant')} left out (${list(ids)}). ` +
          `Get the data (\`weightmap doctor\` explains how), then run \`${command ?? 'the same command'}\` again`,
      );
    } else {
      const used = use(found);
      for (const note of used.notes) notes.add(note);
      cells.push(...used.cells);
    }
  }
  if (cells.length === 0 && !finding.estimate) throw nothingLeft(missing!, leftOut);
  // Trial by trial: an interrupted run has every variant once before any variant twice.
  return { cells: cells.sort((a, b) => a.trial - b.trial), leftOut, specs, notes: [...notes] };
}

const nothingLeft = ({ details }: NotFoundError, leftOut: readonly LeftOut[]) =>
  new WeightmapError(
    `No variant can run: ${list(leftOut.map(({ label }) => label))} ${leftOut.length === 1 ? 'is' : 'are'} missing.`,
    details,
  );
