/** Drops calls that come too soon after the last one that wasn't dropped. */
export function throttle<Args extends unknown[]>(
  milliseconds: number,
  body: (...args: Args) => void,
): (...args: Args) => void {
  let last = 0;
  return (...args) => {
    if (Date.now() - last < milliseconds) return;
    last = Date.now();
    body(...args);
  };
}
