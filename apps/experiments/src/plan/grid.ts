import {
  balancedSubset,
  countOf,
  randomStream,
  WeightmapError,
  type Dataset,
  type ImageSet,
  type PluginVariant,
} from '@weightmap/core';
import { defendedVariant, type CellConfig } from '@weightmap/records';
import picomatch from 'picomatch';
import { unknownName } from '../terminal/nearest.js';
import { substituteFor } from '@weightmap/report';
import { allVariants, findVariant, namesOf, namesWithDefense, pluginsOf } from '../plugins/components.js';
import { defenseLabel, type ChosenDefense } from './defense-choice.js';
import { augmentationOf, type Budget, type Preset } from './presets.js';

/**
 * Variants that match any of the patterns, in the paper's order.
 *
 * @param patterns ids or globs. A pattern that begins with `!` leaves out the variants that it matches, wherever it is in the
 * list. Exclusions alone select all other variants.
 * @throws WeightmapError if a pattern matches no variant, or if no variant is left.
 */
export function selectVariants(patterns: readonly string[]): PluginVariant[] {
  const ids = allVariants().map(({ id }) => id);
  const isSelected = selects(patterns);
  for (const pattern of patterns.map(withoutMark))
    if (!ids.some((id) => picomatch.isMatch(id, pattern)))
      throw unknownName('variant', pattern, ids, '--select');
  const found = ids.filter(isSelected);
  if (found.length === 0)
    throw new WeightmapError('The selection leaves no variant.', {
      where: `--select ${patterns.join(',')}`,
      expected: 'at least one variant that is not excluded',
      fix: 'exclude fewer variants, or name those to run',
    });
  return found.map(findVariant);
}

/** A test whether an id is selected: it matches a pattern, and none of those that begin with `!`. */
export function selects(patterns: readonly string[]): (id: string) => boolean {
  for (const pattern of patterns) checkLength(pattern);
  const excluded = patterns.filter(isExclusion).map(withoutMark);
  const wanted = patterns.filter((pattern) => !isExclusion(pattern));
  return (id) => (wanted.length === 0 || picomatch.isMatch(id, wanted)) && !picomatch.isMatch(id, excluded);
}

/** A glob becomes a regular expression, which must not grow beyond what the engine can hold. */
const LONGEST_PATTERN = 500;

function checkLength(pattern: string): void {
  if (pattern.length > LONGEST_PATTERN || withoutMark(pattern) === '')
    throw new WeightmapError(`A pattern has ${withoutMark(pattern).length} characters.`, {
      where: `--select ${pattern.slice(0, 40)}…`,
      expected: `ids or globs of 1 to ${LONGEST_PATTERN} characters, separated by commas`,
    });
}

const isExclusion = (pattern: string): boolean => pattern.startsWith('!');
const withoutMark = (pattern: string): string => pattern.replace(/^!/, '');

/** Whether a selection names variants, unlike `*` and exclusions, which choose from all. */
export const namesVariants = (patterns: readonly string[]): boolean =>
  patterns.some((pattern) => pattern !== '*' && !isExclusion(pattern));

export interface PlaceOptions {
  /** Ids of the datasets to run on. Default: those that the paper reports each variant on. */
  datasets?: readonly string[];
  /** Whether variants are selected by name: then they run on all of `datasets`, also on those that the paper doesn't report. */
  named?: boolean;
  /** Whether to use only variants that the paper reports on a dataset, named or not. */
  paperRows?: boolean;
}

/**
 * Which variants run on which dataset: each on the datasets that the paper reports it on; or, if variants or datasets are
 * named, on the named ones.
 *
 * A substitute has the variants of the paper's dataset that it replaces. A dataset that the paper doesn't have gets every
 * variant, or none with `paperRows`.
 */
export function placeVariants(
  selected: readonly PluginVariant[],
  { datasets, named = false, paperRows = false }: PlaceOptions,
): Map<string, readonly PluginVariant[]> {
  const ids = datasets ?? [...new Set(selected.flatMap((variant) => variant.datasets))];
  return new Map(
    ids.map((id) => {
      const own = selected.filter((variant) =>
        variant.datasets.some((known) => known === id || known === substituteFor(id)),
      );
      return [id, datasets && !paperRows && (named || own.length === 0) ? selected : own];
    }),
  );
}

/** Cuts a dataset to a preset's limits: seeded, class-balanced subsets. */
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
 * The seed of a trial, from the run's seed. It is the same for every variant, so that variants are compared with the same
 * order of batches and the same noise.
 */
export const trialSeed = (seed: number, trial: number): number => randomStream(seed, 'trial', trial).seed();

/** Epochs and trials of a variant on a dataset: the first budget of the preset that applies. */
export function budgetOf(preset: Preset, { variant, dataset }: { variant: string; dataset: string }): Budget {
  const own = preset.budgets?.find(
    ({ select, datasets }) =>
      selects(select)(variant) &&
      (!datasets || datasets.some((id) => id === dataset || id === substituteFor(dataset))),
  );
  return own ?? { epochs: preset.training.epochs, trials: preset.trials };
}

/**
 * The cells of one dataset with each defence: variants × defences × trials. Null is the plain network, which is the default.
 *
 * @param seed of the subsets of the images.
 * @param seeds of the training, each for all of the preset's trials, which are numbered on. Default: the one of the images.
 */
export function expandGrid(
  selected: readonly PluginVariant[],
  dataset: Dataset,
  preset: Preset,
  seed: number,
  defenses: readonly (ChosenDefense | null)[] = [null],
  seeds: readonly number[] = [seed],
): CellConfig[] {
  const plain = plainGrid(selected, dataset, preset, { seed, seeds });
  return plain.flatMap((cell) =>
    defenses.map((choice) => {
      if (!choice) return cell;
      const defense = { id: choice.id, options: choice.options };
      return {
        ...cell,
        variant: defendedVariant(cell.variant, defense, choice.row.defaults),
        defense,
        ...namesWithDefense(cell.variant, defenseLabel(choice)),
        ...pluginsOf({ dataset: dataset.id, variant: cell.variant, defense: choice.id }),
      };
    }),
  );
}

function plainGrid(
  selected: readonly PluginVariant[],
  dataset: Dataset,
  preset: Preset,
  { seed: subsetSeed, seeds }: { seed: number; seeds: readonly number[] },
): CellConfig[] {
  return selected.flatMap((variant) => {
    const { epochs, trials } = budgetOf(preset, { variant: variant.id, dataset: dataset.id });
    const repeated = seeds.flatMap((seed) =>
      Array.from({ length: trials }, (_, i) => trialSeed(seed, i + 1)),
    );
    return repeated.map((seed, i) => ({
      variant: variant.id,
      architecture: variant.architecture,
      dataset: {
        id: dataset.id,
        label: dataset.label,
        checksum: dataset.checksum,
        classes: dataset.spec.classes.length,
        train: countOf(dataset.train),
        validation: countOf(dataset.validation),
        test: countOf(dataset.test),
        subsetSeed,
      },
      trial: i + 1,
      seed,
      training: { ...preset.training, epochs, augmentation: augmentationOf(dataset.id) },
      evaluation: preset.evaluation,
      ...namesOf(variant.id),
      ...pluginsOf({ dataset: dataset.id, variant: variant.id }),
    }));
  });
}
