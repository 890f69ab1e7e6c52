import { createInterface } from 'node:readline';
import { startEngine, type EngineInfo } from '@weightmap/engine';
import type { Answer, Ready } from './_stopwatch-process.js';
import type { Mode } from './modes.js';
import { printJson } from '../terminal/output.js';

/** Starts the engine for a mode. @returns null, or why the mode isn't available. */
export async function startEngineFor(mode: Mode, threads: number): Promise<string | null> {
  return lackOf(mode, await startEngine({ threads, onSlower: () => {} }));
}

/** Why a mode isn't available with this engine; null if it is. */
export function lackOf(mode: Mode, engine: EngineInfo): string | null {
  if (mode === 'fused' && !engine.kernels?.startsWith('fused'))
    return 'there are no fused kernels: `npm run setup` explains why';
  if (mode !== 'eager' && engine.name !== 'native') return `the ${engine.name} engine doesn't compile`;
  return null;
}

/** The measuring side of a `StopwatchProcess`: times `run` as often as each line of the input says. */
export const serve = (ready: Ready, run: () => unknown): Promise<void> =>
  serveTimes(ready, async () => [await milliseconds(run)]);

/** The same with a run that times itself: it gives one or more times in milliseconds. */
export async function serveTimes(ready: Ready, run: () => Promise<readonly number[]>): Promise<void> {
  send(ready);
  for await (const line of createInterface({ input: process.stdin })) {
    const ms: number[] = [];
    for (let i = 0; i < Number(line); i++) ms.push(...(await run()));
    send({ ms, rssMiB: process.memoryUsage.rss() / 2 ** 20 });
  }
}

/** Reports why nothing can be timed. */
export const decline = (missing: string): void => send({ missing });

async function milliseconds(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

function send(line: Ready | Answer): void {
  printJson(line);
}
