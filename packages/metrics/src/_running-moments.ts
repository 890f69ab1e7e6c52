/** The mean of some observations and the sum of their squared deviations from it, for many quantities at once. */
export interface Moments {
  readonly count: number;
  readonly mean: ArrayLike<number>;
  readonly squares: ArrayLike<number>;
}

/**
 * Mean and variance of many quantities over observations that come in batches, in float64.
 *
 * Two groups of n_a and n_b observations are merged by δ = m_b − m_a, m = m_a + δ·n_b/n and S = S_a + S_b + δ²·n_a·n_b/n.
 * No sum of squares is ever subtracted from another, so that a small variance around a large mean keeps its digits.
 *
 * Source: Chan, Golub and LeVeque, “Algorithms for computing the sample variance”, 1983.
 */
export class RunningMoments {
  private count = 0;
  private readonly mean: Float64Array;
  private readonly squares: Float64Array;

  /** @param size number of quantities. */
  constructor(size: number) {
    this.mean = new Float64Array(size);
    this.squares = new Float64Array(size);
  }

  /** Adds a batch by its own moments. */
  add({ count, mean, squares }: Moments): void {
    const total = this.count + count;
    const [share, weight] = [count / total, (this.count * count) / total];
    for (let i = 0; i < this.mean.length; i++) {
      const shift = mean[i] - this.mean[i];
      this.mean[i] += shift * share;
      this.squares[i] += squares[i] + shift * shift * weight;
    }
    this.count = total;
  }

  /** Each quantity's variance, divided by the number of observations. */
  variances(): Float64Array {
    return this.squares.map((squares) => squares / this.count);
  }

  /** The variances' average. */
  meanVariance(): number {
    return this.squares.reduce((sum, squares) => sum + squares, 0) / (this.count * this.squares.length);
  }
}
