import { availableEngines, chosenEngine, startEngine, type EngineName } from '@weightmap/engine';
import { beforeAll, describe } from 'vitest';

// For the packages that do without the engine themselves.
export { availableEngines, startEngine };

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

/**
 * Starts the engine that the tests of a file run on: WEIGHTMAP_ENGINE if it is set, else the given one, else the fastest.
 *
 * @param engine `cpu` for tests of a few numbers, which it computes in less time than the native engine.
 */
export function useEngine(engine?: EngineName): void {
  beforeAll(async () => {
    await startEngine({ engine: chosenEngine() ?? engine });
  });
}
