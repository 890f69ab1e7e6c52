import { expect, it } from 'vitest';
import { unusedGpu } from '../src/commands/doctor.js';

it('a GPU that the engine does not use is a problem with its fix; without a GPU there is none', () => {
  expect(unusedGpu(['CPU:0'], false)).toEqual([]);
  expect(unusedGpu(['GPU:0', 'CPU:0'], true)).toEqual([]);
  for (const device of ['CPU:0', 'WebAssembly (SIMD)']) {
    const [{ problem, fix }] = unusedGpu([device], true);
    expect(problem).toContain(`computes on ${device}`);
    expect(fix).toContain('PYTHON=~/tf/bin/python weightmap engine install --force');
  }
});
