import jStat from 'jstat';

/** One group of trials in a contrast: its weight, and the mean and variance of its values. */
export interface ContrastTerm {
  /** By which its mean is multiplied: 1 and −1 for a difference. */
  readonly weight: number;
  /** Mean over its trials. */
  readonly mean: number;
  /** Sample variance of its trials (divided by n − 1). */
  readonly variance: number;
  /** Trials, at least 2. */
  readonly n: number;
}

/** A weighted sum of means, and its standard error. */
export interface Contrast {
  /** Σ wᵢ·meanᵢ */
  readonly value: number;
  /** √(Σ wᵢ²·varianceᵢ/nᵢ) */
  readonly standardError: number;
  /** Degrees of freedom of its Student distribution. */
  readonly freedom: number;
}

/**
 * Computes a weighted sum of the means of independent groups, with Welch's standard error: the groups may have different variances
 * and different numbers of trials.
 *
 * Value Σ wᵢ·x̄ᵢ, standard error √(Σ wᵢ²sᵢ²/nᵢ), degrees of freedom by Welch and Satterthwaite,
 * (Σ wᵢ²sᵢ²/nᵢ)² / Σ (wᵢ²sᵢ²/nᵢ)²/(nᵢ − 1); Σ (nᵢ − 1) where nothing varies. With weights 1 and −1 this is Welch's t-test.
 *
 * Source: Welch, “The generalization of ‘Student's’ problem when several different population variances are involved”, 1947.
 */
export function contrast(terms: readonly ContrastTerm[]): Contrast {
  let [value, squaredError, spread, most] = [0, 0, 0, 0];
  for (const { weight, mean, variance, n } of terms) {
    const part = (weight ** 2 * variance) / n;
    value += weight * mean;
    squaredError += part;
    spread += part ** 2 / (n - 1);
    most += n - 1;
  }
  const freedom = spread > 0 ? squaredError ** 2 / spread : most;
  return { value, standardError: Math.sqrt(squaredError), freedom };
}

/**
 * The probability that a variable of Student's distribution is larger than t.
 *
 * @param freedom degrees of freedom, > 0; Infinity for the standard normal distribution.
 */
export function studentTail(t: number, freedom: number): number {
  if (t === Infinity) return 0;
  if (t === -Infinity) return 1;
  return freedom === Infinity ? jStat.normal.cdf(-t, 0, 1) : jStat.studentt.cdf(-t, freedom);
}

/**
 * The value below which a variable of Student's distribution lies with probability p.
 *
 * @param p in (0, 1).
 * @param freedom degrees of freedom, > 0; Infinity for the standard normal distribution.
 */
export const studentQuantile = (p: number, freedom: number): number =>
  freedom === Infinity ? jStat.normal.inv(p, 0, 1) : jStat.studentt.inv(p, freedom);
