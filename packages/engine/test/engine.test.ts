import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { availableEngines, startEngine } from '../src/index.js';

const wish = process.env.WEIGHTMAP_ENGINE;
afterEach(() => {
  if (wish === undefined) delete process.env.WEIGHTMAP_ENGINE;
  else process.env.WEIGHTMAP_ENGINE = wish;
});

describe('engine', async () => {
  for (const engine of await availableEngines())
    it(`${engine} starts and computes`, async () => {
      const info = await startEngine({ engine });
      expect(info.name).toBe(engine);
      expect(tf.getBackend()).toBe(engine === 'native' ? 'tensorflow' : engine);
      expect(info.tensorflow !== null).toBe(engine === 'native');
      const product = tf.tidy(() => tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync());
      expect([...product]).toEqual([11]);
    });

  it('takes the fastest available when none is requested', async () => {
    delete process.env.WEIGHTMAP_ENGINE;
    const [fastest] = await availableEngines();
    const lines: string[] = [];
    const info = await startEngine({ onSlower: (line) => lines.push(line) });
    expect(info.name).toBe(fastest);
    expect(info.slowerBecause === null).toBe(fastest === 'native');
    // One line, with the command that changes it.
    expect(lines).toEqual(
      fastest === 'native' ? [] : [expect.stringMatching(/native engine can't be used.*`npm run setup`/)],
    );
  });

  it('follows WEIGHTMAP_ENGINE', async () => {
    process.env.WEIGHTMAP_ENGINE = 'cpu';
    expect((await startEngine()).name).toBe('cpu');
    expect(await availableEngines()).toEqual(['cpu']);
  });

  it('names the engines when a wish is none of them', async () => {
    process.env.WEIGHTMAP_ENGINE = 'gpu';
    await expect(startEngine()).rejects.toThrow('no engine "gpu"');
  });
});
