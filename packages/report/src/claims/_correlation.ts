/** A correlation coefficient, and how well it is known on Fisher's scale. */
export interface Correlation {
  readonly r: number;
  /** atanh r, about normally distributed. */
  readonly z: number;
  /** Its standard error, 1/√(n − g − 2) for n points in g groups. */
  readonly standardError: number;
}

/** Degrees of freedom below which the interval spans nearly everything. */
const LEAST_FREEDOM = 2;

/**
 * Pearson's correlation of x and y within groups: of their deviations from their group's means, so that differences between
 * the groups take no part. Its standard error is that of Fisher's z = atanh r, 1/√(n − g − 2) for n points in g groups.
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
  return { r, z: Math.atanh(clamp(r)), standardError: 1 / Math.sqrt(freedom) };
}

/** Within ±1 by a hair, where the inverse hyperbolic tangent is finite. */
const clamp = (r: number): number => Math.min(Math.max(r, -1 + 1e-12), 1 - 1e-12);
