/** The mean of some observations and the sum of their squared deviations from it, for many quantities at once. */
export interface Moments {
  /** Number of observations. */
  readonly count: number;
  readonly mean: Float64Array;
  readonly squares: Float64Array;
}

/** The moments of a batch: the mean first, then the deviations from it. @param values [count, quantities] */
export function momentsOf(values: ArrayLike<number>, count: number): Moments {
  const size = values.length / count;
  const [mean, squares] = [new Float64Array(size), new Float64Array(size)];
  for (let start = 0; start < values.length; start += size)
    for (let i = 0; i < size; i++) mean[i] += values[start + i];
  for (let i = 0; i < size; i++) mean[i] /= count;
  for (let start = 0; start < values.length; start += size)
    for (let i = 0; i < size; i++) squares[i] += (values[start + i] - mean[i]) ** 2;
  return { count, mean, squares };
}

/** `momentsOf` the differences a − b of two batches, which are taken in float64, without an array of them. */
export function momentsOfDifference(a: Float32Array, b: Float32Array, count: number): Moments {
  const size = a.length / count;
  const [mean, squares] = [new Float64Array(size), new Float64Array(size)];
  for (let start = 0; start < a.length; start += size)
    for (let i = 0; i < size; i++) mean[i] += a[start + i] - b[start + i];
  for (let i = 0; i < size; i++) mean[i] /= count;
  for (let start = 0; start < a.length; start += size)
    for (let i = 0; i < size; i++) {
      const deviation = a[start + i] - b[start + i] - mean[i];
      squares[i] += deviation * deviation;
    }
  return { count, mean, squares };
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
  private mean: Float64Array = new Float64Array(0);
  private squares: Float64Array = new Float64Array(0);

  /** Adds a batch; takes the arrays over. */
  add({ count, mean, squares }: Moments): void {
    const total = this.count + count;
    const [share, weight] = [count / total, (this.count * count) / total];
    if (this.count === 0) [this.mean, this.squares] = [mean, squares];
    else
      for (let i = 0; i < mean.length; i++) {
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
