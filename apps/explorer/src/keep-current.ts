/**
 * Processes the newest request for several names, one at a time; the name that has waited longest comes first. Outdated
 * requests are skipped, so that every network follows a slider however fast it is moved.
 *
 * @param work must not reject.
 * @returns a function that takes a new request and the names that it is for; it resolves when all work is done.
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
