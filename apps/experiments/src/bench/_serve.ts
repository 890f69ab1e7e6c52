import { createInterface } from 'node:readline';
import type { Answer, Ready } from './_stopwatch-process.js';

/** Answers a `StopwatchProcess` from inside the measuring process: times `run` as often as it is asked to. */
export async function serve(ready: Ready, run: () => unknown): Promise<void> {
  say(ready);
  for await (const line of createInterface({ input: process.stdin })) {
    const ms: number[] = [];
    for (let i = 0; i < Number(line); i++) ms.push(await milliseconds(run));
    say({ ms, rssMiB: process.memoryUsage.rss() / 2 ** 20 });
  }
}

/** Says why there is nothing to time. */
export const decline = (missing: string): void => say({ missing });

async function milliseconds(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

function say(line: Ready | Answer): void {
  console.log(JSON.stringify(line));
}
