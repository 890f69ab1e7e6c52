import { createRequire } from 'node:module';
import * as imported from '@tensorflow/tfjs';
import { expect, it } from 'vitest';

// In this repository tfjs has a module of its own for `import` (patches/), with the names written down.
it('gives everything of TensorFlow.js that `require` gives, and the same of it', () => {
  const required = createRequire(import.meta.url)('@tensorflow/tfjs') as Record<string, unknown>;
  const { default: whole, ...names } = imported as unknown as Record<string, unknown>;
  expect(whole).toBe(required);
  expect(Object.keys(names).sort()).toEqual(Object.keys(required).sort());
  for (const [name, value] of Object.entries(required))
    expect(Object.is(names[name], value), name).toBe(true);
});
