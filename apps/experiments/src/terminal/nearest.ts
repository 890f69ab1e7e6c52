import { WeightmapError } from '@weightmap/core';
import { closest } from 'fastest-levenshtein';

/** The error for a name that doesn't exist: says which one was probably meant, and which there are. */
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
