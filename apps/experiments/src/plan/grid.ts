import {
  balancedSubset,
  countOf,
  randomStream,
  WeightmapError,
  type Dataset,
  type ImageSet,
  type PluginVariant,
} from '@weightmap/core';
import type { CellConfig } from '@weightmap/records';
import picomatch from 'picomatch';
import { unknownName } from '../terminal/nearest.js';
import { substituteFor } from '@weightmap/report';
import { allVariants, findVariant, namesOf, pluginsOf } from '../plugins/components.js';
import { augmentationOf, type Budget, type Preset } from './presets.js';

/**
 * Rows that match any of the patterns, in the paper's order.
 *
 * @param patterns ids or globs; one that begins with `!` leaves out what it matches, wherever it is in the list. Exclusions
 * alone mean every row but those.
 * @throws WeightmapError if a pattern matches no row, or if no row is left.
 */
export function selectVariants(patterns: readonly string[]): PluginVariant[] {
  const ids = allVariants().map(({ id }) => id);
  for (const pattern of patterns.map(withoutMark))
    if (!ids.some((id) => picomatch.isMatch(id, pattern)))
      throw unknownName('variant', pattern, ids, '--select');
  const found = ids.filter(selects(patterns));
  if (found.length === 0)
    throw new WeightmapError('The selection leaves no row.', {
      where: `--select ${patterns.join(',')}`,
      expected: 'at least one row that is not excluded',
      fix: 'exclude less, or name the rows to run',
    });
  return found.map(findVariant);
}

/** Tells whether an id matches a selection: any of its patterns, and none of those that begin with `!`. */
export function selects(patterns: readonly string[]): (id: string) => boolean {
  const excluded = patterns.filter(isExclusion).map(withoutMark);
  const wanted = patterns.filter((pattern) => !isExclusion(pattern));
  return (id) => (wanted.length === 0 || picomatch.isMatch(id, wanted)) && !picomatch.isMatch(id, excluded);
}

const isExclusion = (pattern: string): boolean => pattern.startsWith('!');
const withoutMark = (pattern: string): string => pattern.replace(/^!/, '');

/** Whether a selection names rows: `*` and exclusions choose among all of them. */
export const namesRows = (patterns: readonly string[]): boolean =>
  patterns.some((pattern) => pattern !== '*' && !isExclusion(pattern));

export interface PlaceOptions {
  /** Ids of the datasets to run on; by default those that the paper has each row on. */
  datasets?: readonly string[];
  /** Whether rows are selected by name: they run on each of these datasets, also where the paper doesn't have them. */
  named?: boolean;
  /** Whether to place only rows that the paper has on a dataset, named or not. */
  paperRows?: boolean;
}

/**
 * Which rows run on which dataset: each on those that the paper has it on, or, if rows or datasets are named, on the named
 * ones.
 *
 * A dataset that is a substitute for one of the paper's has that one's rows. One that the paper doesn't have gets every row,
 * or none with `paperRows`.
 */
export function placeRows(
  rows: readonly PluginVariant[],
  { datasets, named = false, paperRows = false }: PlaceOptions,
): Map<string, readonly PluginVariant[]> {
  const ids = datasets ?? [...new Set(rows.flatMap((row) => row.datasets))];
  return new Map(
    ids.map((id) => {
      const own = rows.filter((row) =>
        row.datasets.some((known) => known === id || known === substituteFor(id)),
      );
      return [id, datasets && !paperRows && (named || own.length === 0) ? rows : own];
    }),
  );
}

/** The parts of a dataset that a protocol uses: seeded, class-balanced subsets where it limits them. */
export function limitDataset(dataset: Dataset, limits: Preset['limits'], seed: number): Dataset {
  const cut = (set: ImageSet, limit: number | null) =>
    limit === null ? set : balancedSubset(set, limit, { seed });
  const limited = {
    train: cut(dataset.train, limits.train),
    validation: cut(dataset.validation, limits.validation),
    test: cut(dataset.test, limits.test),
  };
  const isSubset = (['train', 'validation', 'test'] as const).some(
    (part) => countOf(limited[part]) < countOf(dataset[part]),
  );
  const note = `a subset: ${countOf(limited.train)} training, ${countOf(limited.validation)} validation, ${countOf(limited.test)} test images`;
  return { ...dataset, ...limited, notes: isSubset ? [...dataset.notes, note] : dataset.notes };
}

/**
 * The seed of a trial, by the run's. The same for every variant: variants are compared on the same order of batches and the
 * same noise.
 */
export const trialSeed = (seed: number, trial: number): number => randomStream(seed, 'trial', trial).seed();

/** How long and how often a row is trained on a dataset: by the first of the preset's budgets that is for it. */
export function budgetOf(preset: Preset, row: { variant: string; dataset: string }): Budget {
  const { variant, dataset } = row;
  const own = preset.budgets?.find(
    ({ select, datasets }) =>
      selects(select)(variant) &&
      (!datasets || datasets.some((id) => id === dataset || id === substituteFor(dataset))),
  );
  return own ?? { epochs: preset.training.epochs, trials: preset.trials };
}

/** variant × trial on one dataset. */
export function expandGrid(
  rows: readonly PluginVariant[],
  dataset: Dataset,
  preset: Preset,
  seed: number,
): CellConfig[] {
  return rows.flatMap((row) => {
    const { epochs, trials } = budgetOf(preset, { variant: row.id, dataset: dataset.id });
    return Array.from({ length: trials }, (_, i) => i + 1).map((trial) => ({
      variant: row.id,
      architecture: row.architecture,
      dataset: {
        id: dataset.id,
        label: dataset.label,
        checksum: dataset.checksum,
        classes: dataset.spec.classes.length,
        train: countOf(dataset.train),
        validation: countOf(dataset.validation),
        test: countOf(dataset.test),
        subsetSeed: seed,
      },
      trial,
      seed: trialSeed(seed, trial),
      training: { ...preset.training, epochs, augmentation: augmentationOf(dataset.id) },
      evaluation: preset.evaluation,
      ...namesOf(row.id),
      ...pluginsOf({ dataset: dataset.id, variant: row.id }),
    }));
  });
}
