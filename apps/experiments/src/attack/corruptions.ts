import { WeightmapError } from '@weightmap/core';
import { meanCorruptionError, type CorruptionErrors } from '@weightmap/metrics';
import { cellId, type CellConfig, type CorruptedNetworks } from '@weightmap/records';

/**
 * For each chosen cell, the baseline's cell on the same dataset and with the same trial.
 *
 * @param finished all trained cells of the run.
 * @throws WeightmapError if the baseline is not trained for one of them.
 */
export function baselinesOf(
  chosen: readonly CellConfig[],
  finished: readonly CellConfig[],
  baseline: string,
): ReadonlyMap<CellConfig, CellConfig> {
  return new Map(
    chosen.map((cell) => {
      const found = finished.find(
        ({ variant, dataset, trial }) =>
          variant === baseline && dataset.id === cell.dataset.id && trial === cell.trial,
      );
      if (!found)
        throw new WeightmapError(
          `The baseline ${baseline} is not trained on ${cell.dataset.id}, trial ${cell.trial}.`,
          {
            where: `--baseline ${baseline}`,
            expected: `one of: ${[...new Set(finished.map(({ variant }) => variant))].join(', ')}, trained for every dataset and trial that is chosen`,
            fix: '`weightmap status` shows which cells are done; --select chooses others',
          },
        );
      return [cell, found];
    }),
  );
}

/** Mean corruption errors. @param errors those of each chosen cell and of its baseline. */
export function compareCorrupted(
  baselines: ReadonlyMap<CellConfig, CellConfig>,
  errors: Map<CellConfig, { benchmark: string; errors: CorruptionErrors }>,
  { baseline, images }: { baseline: string; images: number },
): CorruptedNetworks {
  const cells = [...baselines].map(([cell, other]) => {
    const own = errors.get(cell)!;
    const theirs = { name: baseline, errors: errors.get(other)!.errors };
    const { mce, relativeMce, corruptions } = meanCorruptionError(own.errors, theirs);
    return {
      cellId: cellId(cell),
      variant: cell.variant,
      dataset: cell.dataset.id,
      trial: cell.trial,
      benchmark: own.benchmark,
      cleanErrorPercent: own.errors.clean,
      mce,
      relativeMce,
      corruptions: corruptions.map(({ corruption: id, ce, relativeCe }) => ({
        id,
        errorPercent: [...own.errors.corrupted[id]],
        ce,
        relativeCe,
      })),
    };
  });
  return { baseline, images, cells };
}
