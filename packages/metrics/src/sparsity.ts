/**
 * Hoyer's sparsity of non-negative numbers: (√N − ‖a‖₁/‖a‖₂) / (√N − 1).
 *
 * 0 if all N are equal, 1 if a single one isn't 0; the scale doesn't matter.
 *
 * @returns null if all are 0 or there are fewer than two: neither has a sparsity.
 * Source: Hoyer, “Non-negative matrix factorization with sparseness constraints”, JMLR 5, 2004.
 */
export function hoyerSparsity(values: ArrayLike<number>): number | null {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    squares += values[i] ** 2;
  }
  if (sum === 0 || values.length < 2) return null;
  const root = Math.sqrt(values.length);
  return within01((root - sum / Math.sqrt(squares)) / (root - 1));
}

/**
 * Shannon's entropy of non-negative numbers taken as a distribution, over that of a flat one:
 * −Σ p·log p / log N with p = a / Σa, and 0·log 0 = 0.
 *
 * 1 if all N are equal, 0 if a single one isn't 0; the scale doesn't matter.
 *
 * @returns null if all are 0 or there are fewer than two: neither has a sparsity.
 */
export function relativeEntropy(values: ArrayLike<number>): number | null {
  let [sum, logs] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    if (values[i] > 0) logs += values[i] * Math.log(values[i]);
  }
  if (sum === 0 || values.length < 2) return null;
  // −Σ (a/s)·log(a/s) = log s − (Σ a·log a)/s
  return within01((Math.log(sum) - logs / sum) / Math.log(values.length));
}

/** Rounding may leave the interval by a few units of the last place. */
const within01 = (value: number) => Math.min(Math.max(value, 0), 1);
