import { WeightmapError } from '@weightmap/core';

/** Errors of a classifier, in percent: on clean images, and for each corruption by severity. */
export interface CorruptionErrors {
  /** In percent, without a corruption. */
  readonly clean: number;
  /** By the corruption's id: one error a severity, from the first. */
  readonly corrupted: Readonly<Record<string, readonly number[]>>;
}

/** A classifier's errors under one corruption, relative to those of the baseline. */
export interface CorruptionError {
  /** Its id. */
  readonly corruption: string;
  /** CE: 100 is as bad as the baseline. */
  readonly ce: number;
  /** Relative CE: 100 is as large a loss by the corruption as the baseline's; null if the baseline loses nothing. */
  readonly relativeCe: number | null;
}

/** Mean over the corruptions, and the baseline that it is relative to. */
export interface MeanCorruptionError {
  /** Name of the network whose error is 100. */
  readonly baseline: string;
  /** Mean CE over the corruptions. */
  readonly mce: number;
  /** Null if the relative CE of a corruption is. */
  readonly relativeMce: number | null;
  /** The corruptions one by one. */
  readonly corruptions: readonly CorruptionError[];
}

/**
 * Computes the mean corruption error (mCE): for each corruption c, with E_{s,c} the errors at the severities s,
 *
 *     CE_c = 100 · Σ_s E_{s,c} / Σ_s E^baseline_{s,c}
 *     relative CE_c = 100 · Σ_s (E_{s,c} − E_clean) / Σ_s (E^baseline_{s,c} − E^baseline_clean)
 *
 * and their means over the corruptions. Published tables use AlexNet as the baseline for ImageNet-C. Means are only
 * comparable for the same baseline, corruptions and severities, so the baseline's name is part of the result.
 *
 * @param baseline its name, and its errors under the same corruptions and severities, on the same images.
 * @throws WeightmapError if there is no corruption, one or a severity is missing on either side, an error is no percentage, or
 *   the baseline makes no error under a corruption.
 * Source: Hendrycks & Dietterich, arXiv:1903.12261, section 4.1.
 */
export function meanCorruptionError(
  errors: CorruptionErrors,
  baseline: { readonly name: string; readonly errors: CorruptionErrors },
): MeanCorruptionError {
  checkSides(errors, baseline);
  const corruptions = Object.entries(errors.corrupted).map(([corruption, own]) =>
    corruptionError(corruption, { own, clean: errors.clean }, baseline),
  );
  const relative = corruptions.map(({ relativeCe }) => relativeCe);
  return {
    baseline: baseline.name,
    mce: meanOf(corruptions.map(({ ce }) => ce)),
    relativeMce: relative.every((value) => value !== null) ? meanOf(relative) : null,
    corruptions,
  };
}

function corruptionError(
  corruption: string,
  { own, clean }: { own: readonly number[]; clean: number },
  { name, errors }: { name: string; errors: CorruptionErrors },
): CorruptionError {
  const theirs = errors.corrupted[corruption];
  if (sumOf(theirs) === 0)
    throw new WeightmapError(`The baseline ${name} makes no error under ${corruption}.`, {
      where: `baseline ${name}, ${corruption}: ${theirs.join(', ')} %`,
      expected: 'an error at one severity or more: it is what others are divided by',
      fix: 'measure on more images, or choose a weaker baseline',
    });
  const loss = sumOf(theirs) - theirs.length * errors.clean;
  return {
    corruption,
    ce: (100 * sumOf(own)) / sumOf(theirs),
    relativeCe: loss > 0 ? (100 * (sumOf(own) - own.length * clean)) / loss : null,
  };
}

function checkSides(errors: CorruptionErrors, baseline: { name: string; errors: CorruptionErrors }): void {
  const [own, theirs] = [errors.corrupted, baseline.errors.corrupted];
  const ids = [...new Set([...Object.keys(own), ...Object.keys(theirs)])];
  if (ids.length === 0) throw new WeightmapError('A mean corruption error needs a corruption.');
  const sides = [
    { side: 'the network', corrupted: own },
    { side: `the baseline ${baseline.name}`, corrupted: theirs },
  ];
  for (const id of ids) {
    const lacking = sides.find(({ corrupted }) => !corrupted[id]);
    if (lacking)
      throw new WeightmapError(`The errors of ${lacking.side} under ${id} are missing.`, {
        expected: `the same corruptions on both sides: ${ids.join(', ')}`,
      });
    const counts = [own[id].length, theirs[id].length];
    if (counts[0] !== counts[1] || counts[0] === 0)
      throw new WeightmapError(`Severities of ${id} are missing.`, {
        where: `${counts[0]} of the network, ${counts[1]} of the baseline ${baseline.name}`,
        expected: 'the same severities on both sides, one or more',
      });
  }
  const strange = [errors, baseline.errors]
    .flatMap(({ clean, corrupted }) => [clean, ...Object.values(corrupted).flat()])
    .find((percent) => !(percent >= 0 && percent <= 100));
  if (strange !== undefined)
    throw new WeightmapError(`Invalid error in percent: ${strange}.`, { expected: '0 … 100' });
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

const meanOf = (values: readonly number[]): number => sumOf(values) / values.length;
