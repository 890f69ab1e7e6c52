import { describe, expect, it } from 'vitest';
import { chooseEngine, measuredText, type Measurement } from '../src/jobs/choose-engine.js';
import type { EngineName } from '../src/engine/protocol.js';

/** Chooses among engines with these times; one that isn't there is not available, one of `wrong` computes something else. */
async function choose(
  times: Partial<Record<EngineName, number>>,
  { abortAt, wrong }: { abortAt?: EngineName; wrong?: EngineName } = {},
) {
  const log: string[] = [];
  const ending = new AbortController();
  let last: readonly Measurement[] = [];
  await chooseEngine<{ end(): void }>({
    signal: ending.signal,
    engines: ['wasm', 'webgl', 'cpu'],
    time(engine) {
      const milliseconds = times[engine];
      if (engine === abortAt) ending.abort();
      if (milliseconds === undefined) return Promise.reject(new Error(`${engine} is not available.`));
      const probabilities = engine === wrong ? Float32Array.of(0.1, 0.9) : Float32Array.of(0.9, 0.1);
      return Promise.resolve({
        milliseconds,
        probabilities,
        session: { end: () => log.push(`${engine} ended`) },
      });
    },
    onMeasured(measured, fastest) {
      last = measured;
      log.push(`${measured.at(-1)!.engine}${fastest ? ' is used' : ''}`);
    },
  });
  return { log, last };
}

describe('the choice of an engine', () => {
  it('uses the first that is measured at once, and each faster one later; slower ones are ended', async () => {
    const { log, last } = await choose({ wasm: 20, webgl: 113.7, cpu: 5 });
    expect(log).toEqual(['wasm is used', 'webgl ended', 'webgl', 'cpu is used']);
    expect(measuredText(last)).toBe('WebAssembly 20 ms, WebGL 110 ms, JavaScript 5 ms');
  });

  it('goes on where engines are missing, and says which', async () => {
    const { log, last } = await choose({ webgl: 30 });
    expect(log).toEqual(['wasm', 'webgl is used', 'cpu']);
    expect(measuredText(last)).toBe('WebGL 30 ms; wasm is not available; cpu is not available');
  });

  it('uses none that computes something else, however fast it is', async () => {
    const { log, last } = await choose({ wasm: 20, webgl: 1 }, { wrong: 'webgl' });
    expect(log).toEqual(['wasm is used', 'webgl ended', 'webgl', 'cpu']);
    expect(measuredText(last)).toContain('WebGL computes other results');
  });

  it('throws where none can be measured', async () => {
    await expect(choose({})).rejects.toThrow('wasm is not available; webgl is not available');
  });

  it('measures no further when it is cancelled, and ends what it has started', async () => {
    const { log } = await choose({ wasm: 20, webgl: 1, cpu: 1 }, { abortAt: 'webgl' });
    expect(log).toEqual(['wasm is used', 'webgl ended']);
  });
});
