import { availableEngines, startEngine, type EngineName } from '@weightmap/engine';
import { beforeAll, describe } from 'vitest';

/** Runs a suite once for every engine that this machine has (only the chosen one with WEIGHTMAP_ENGINE). */
export async function describeEachEngine(title: string, suite: (engine: EngineName) => void): Promise<void> {
  for (const engine of await availableEngines())
    describe(`${title} on ${engine}`, () => {
      beforeAll(async () => {
        await startEngine({ engine });
      });
      suite(engine);
    });
}

/** Starts the engine that the tests of a file run on: the best there is, or WEIGHTMAP_ENGINE. */
export function useEngine(): void {
  beforeAll(async () => {
    await startEngine();
  });
}
