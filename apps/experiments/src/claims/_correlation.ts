/** A correlation coefficient and its 95 % interval. */
export interface Correlation {
  readonly r: number;
  readonly low: number;
  readonly high: number;
}

/** 97.5 % of the standard normal distribution lie below. */
const Z = 1.959963984540054;
/** Degrees of freedom below which the interval spans nearly everything. */
const LEAST_FREEDOM = 2;

/**
 * Pearson's correlation of x and y within groups: of their deviations from their group's means, so that what the groups
 * differ in takes no part. Its interval is Fisher's, tanh(atanh r ± 1.96/√(n − g − 2)) for n points in g groups.
 *
 * @returns null if there are too few points, or one of the figures doesn't vary.
 * Source: R. A. Fisher, “On the probable error of a coefficient of correlation deduced from a small sample”, 1921.
 */
export function correlationOf(
  points: readonly { readonly group: string; readonly x: number; readonly y: number }[],
): Correlation | null {
  const groups = [...new Set(points.map(({ group }) => group))];
  const freedom = points.length - groups.length - 2;
  if (freedom < LEAST_FREEDOM) return null;
  let [xx, yy, xy] = [0, 0, 0];
  for (const name of groups) {
    const members = points.filter(({ group }) => group === name);
    const meanX = members.reduce((sum, { x }) => sum + x, 0) / members.length;
    const meanY = members.reduce((sum, { y }) => sum + y, 0) / members.length;
    for (const { x, y } of members) {
      xx += (x - meanX) ** 2;
      yy += (y - meanY) ** 2;
      xy += (x - meanX) * (y - meanY);
    }
  }
  if (xx === 0 || yy === 0) return null;
  const r = xy / Math.sqrt(xx * yy);
  const [low, high] = [-1, 1].map((side) =>
    Math.tanh(Math.atanh(clamp(r)) + (side * Z) / Math.sqrt(freedom)),
  );
  return { r, low, high };
}

/** Within ±1 by a hair, where the inverse hyperbolic tangent is finite. */
const clamp = (r: number): number => Math.min(Math.max(r, -1 + 1e-12), 1 - 1e-12);
