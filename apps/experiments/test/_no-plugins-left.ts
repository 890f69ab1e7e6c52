// Files that share a process share its registries: a plugin that one of them uses would be a row of the others.
import { afterAll, expect } from 'vitest';
import { usedPlugins } from '../src/plugins/components.js';

afterAll(() => {
  const left = usedPlugins().map(({ file }) => file);
  expect(left, 'a test file that uses plugins is named in the list "alone" of vitest.config.ts').toEqual([]);
});
