import { createInterface } from 'node:readline';
import { startEngine } from '@weightmap/engine';
import type { Answer, Ready } from './_stopwatch-process.js';
import type { Mode } from './modes.js';
import { printJson } from '../terminal/output.js';

/** Starts the engine for a mode. @returns null, or why the mode isn't available. */
export async function startEngineFor(mode: Mode, threads: number): Promise<string | null> {
  const engine = await startEngine({ threads, onSlower: () => {} });
  if (mode === 'fused' && !engine.kernels?.startsWith('fused'))
    return 'there are no fused kernels: `npm run setup` explains why';
  if (mode !== 'eager' && engine.name !== 'native') return `the ${engine.name} engine doesn't compile`;
  return null;
}

/** The measuring side of a `StopwatchProcess`: times `run` as often as each line of the input says. */
export async function serve(ready: Ready, run: () => unknown): Promise<void> {
  send(ready);
  for await (const line of createInterface({ input: process.stdin })) {
    const ms: number[] = [];
    for (let i = 0; i < Number(line); i++) ms.push(await milliseconds(run));
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
