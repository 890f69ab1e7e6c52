/** Probabilities below this share of the largest are left out: they do not change a sum in float64. */
const NEGLIGIBLE = 1e-17;

interface Sums {
  /** The smallest k whose probability is not negligible. */
  readonly first: number;
  /** P(K ≤ first + i). */
  readonly below: Float64Array;
}

/**
 * Quantiles of the Poisson distribution: the smallest k with P(K ≤ k) > u.
 *
 * @returns a function of the mean λ ≥ 0 and u in [0, 1). It caches the distribution of each λ: images have few different
 *   pixel values.
 */
export function poissonQuantiles(): (mean: number, u: number) => number {
  const known = new Map<number, Sums>();
  return (mean, u) => {
    let sums = known.get(mean);
    if (!sums) known.set(mean, (sums = sumsOf(mean)));
    const { first, below } = sums;
    let [low, high] = [0, below.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (below[middle] > u) high = middle;
      else low = middle + 1;
    }
    return first + low;
  };
}

/** Starts at the most probable k and uses P(k + 1) = P(k) · λ / (k + 1): e^(−λ) would underflow for a large λ. */
function sumsOf(mean: number): Sums {
  const mode = Math.floor(mean);
  const down: number[] = [];
  for (let k = mode, share = 1; k > 0 && (share *= k / mean) > NEGLIGIBLE; k--) down.push(share);
  const up: number[] = [];
  for (let k = mode + 1, share = 1; (share *= mean / k) > NEGLIGIBLE; k++) up.push(share);
  const shares = [...down.reverse(), 1, ...up];
  const total = shares.reduce((sum, share) => sum + share, 0);
  let sum = 0;
  return {
    first: mode - down.length,
    below: Float64Array.from(shares, (share) => (sum += share) / total),
  };
}
