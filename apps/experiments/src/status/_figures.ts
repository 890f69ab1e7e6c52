/**
 * A figure of an event, whose values nobody has checked.
 *
 * @param mayBeNegative whether numbers below 0 are figures, too.
 * @returns null for what is no finite number (NaN is written as null); undefined if there is none.
 */
export function figureOf(value: unknown, mayBeNegative = false): number | null | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'number' && Number.isFinite(value) && (mayBeNegative || value >= 0) ? value : null;
}

/** The finished share of an event's work, 0 … 1; null if the event doesn't say it. */
export function shareOf({ done, total }: Readonly<Record<string, unknown>>): number | null {
  const [part, all] = [figureOf(done) ?? null, figureOf(total) ?? null];
  return part === null || all === null || all === 0 ? null : Math.min(part / all, 1);
}
