/**
 * Works for several names, one at a time, always on the newest wish; whoever has waited longest comes first. Wishes that
 * are overtaken are skipped, so that a slider can be dragged as fast as one likes and every network keeps moving.
 *
 * @param work must not reject.
 * @returns takes a new wish, and whom it is for; resolves when nothing is left to do.
 */
export function keepCurrent<Wish extends object>(
  work: (name: string, wish: Wish) => Promise<void>,
): (wish: Wish, names: readonly string[]) => Promise<void> {
  let current: Wish | undefined;
  let queue: string[] = [];
  let round: Promise<void> | undefined;
  const done = new Map<string, Wish>();

  async function run(): Promise<void> {
    for (;;) {
      const name = queue.find((waiting) => done.get(waiting) !== current);
      if (name === undefined || current === undefined) break;
      const wish = current;
      done.set(name, wish);
      queue = [...queue.filter((other) => other !== name), name];
      await work(name, wish);
    }
    round = undefined;
  }

  return (wish, names) => {
    current = wish;
    queue = [
      ...queue.filter((name) => names.includes(name)),
      ...names.filter((name) => !queue.includes(name)),
    ];
    return (round ??= run());
  };
}
