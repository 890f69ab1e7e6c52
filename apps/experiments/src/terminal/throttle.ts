/** Drops calls that come too soon after the last one that was not dropped. */
export function throttle<Args extends unknown[]>(
  milliseconds: number,
  body: (...args: Args) => void,
): (...args: Args) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (...args) => {
    if (performance.now() - last < milliseconds) return;
    last = performance.now();
    body(...args);
  };
}
