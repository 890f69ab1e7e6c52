import {
  balancedSubset,
  countOf,
  randomStream,
  type CellConfig,
  type Dataset,
  type ImageSet,
  type PluginVariant,
} from '@weightmap/core';
import picomatch from 'picomatch';
import { unknownName } from '../_nearest.js';
import { allVariants, findVariant, pluginsOf } from '../plugins/components.js';
import { augmentationOf, type Preset } from './presets.js';

/** Rows that match any of the patterns (ids or globs), in the paper's order. */
export function selectVariants(patterns: readonly string[]): PluginVariant[] {
  const ids = allVariants().map(({ id }) => id);
  for (const pattern of patterns)
    if (!ids.some((id) => picomatch.isMatch(id, pattern)))
      throw unknownName('variant', pattern, ids, '--select');
  return ids.filter((id) => patterns.some((pattern) => picomatch.isMatch(id, pattern))).map(findVariant);
}

/**
 * Which rows run on which dataset: each on those that the paper tests it on, or on those asked for.
 *
 * @param datasets ids; of rows that weren't chosen by name, only those run that the paper has on them, if there are any.
 */
export function placeRows(
  rows: readonly PluginVariant[],
  { datasets, chosen }: { datasets?: readonly string[]; chosen: boolean },
): Map<string, readonly PluginVariant[]> {
  const ids = datasets ?? [...new Set(rows.flatMap((row) => row.datasets))];
  return new Map(
    ids.map((id) => {
      const own = rows.filter((row) => row.datasets.includes(id));
      return [id, datasets && (chosen || own.length === 0) ? rows : own];
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

/** variant × trial on one dataset. */
export function expandGrid(
  rows: readonly PluginVariant[],
  dataset: Dataset,
  preset: Preset,
  seed: number,
): CellConfig[] {
  const trials = Array.from({ length: preset.trials }, (_, i) => i + 1);
  return trials.flatMap((trial) =>
    rows.map((row) => ({
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
      training: { ...preset.training, augmentation: augmentationOf(dataset.id) },
      evaluation: preset.evaluation,
      ...pluginsOf({ dataset: dataset.id, variant: row.id }),
    })),
  );
}
