import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import type { DefenseId } from '../src/index.js';
import { few, rows, tinyConfig, trained } from './_tiny.js';

useEngine();

describe('a compiled training step', () => {
  it.each(Object.keys(rows) as DefenseId[])('has the objective of %s, which is pure', async (id) => {
    // A step that reads values or draws numbers of its own is refused by the compiler.
    // Whole batches: one of another size would be recorded as well.
    const { history } = await trained(id, few[id] ?? {}, { images: 2 * tinyConfig.batchSize });
    expect(history.every(({ trainLoss }) => Number.isFinite(trainLoss))).toBe(true);
  });
});
