import { WeightmapError } from '@weightmap/core';
import { closest } from 'fastest-levenshtein';

/** The error for an unknown name, with the nearest known name and all known names. */
export function unknownName(
  kind: string,
  name: string,
  known: readonly string[],
  where?: string,
): WeightmapError {
  return new WeightmapError(`There is no ${kind} "${name}". Did you mean "${closest(name, [...known])}"?`, {
    where,
    expected: known.join(', '),
  });
}
