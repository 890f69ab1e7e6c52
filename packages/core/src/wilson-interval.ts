/**
 * Wilson's interval for a share, from the share p of n independent cases: (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) /
 * (1 + z²/n), in [0, 1].
 *
 * @param share p, in [0, 1].
 * @param n at least 1.
 * @param z the normal quantile of (1 + level)/2: 1.96 for 95 %.
 * Source: Wilson, “Probable inference, the law of succession, and statistical inference”, 1927.
 */
export function wilsonInterval(share: number, n: number, z = 1.959963984540054): [low: number, high: number] {
  const shrink = 1 + z ** 2 / n;
  const centre = (share + z ** 2 / (2 * n)) / shrink;
  const half = (z / shrink) * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2));
  // Both ends are exact there, but for rounding.
  return [share === 0 ? 0 : centre - half, share === 1 ? 1 : centre + half];
}
