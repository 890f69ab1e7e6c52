import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeFailure } from '@weightmap/records';
import { makeRecord } from '@weightmap/test-utils/records';
import { describe, expect, it } from 'vitest';
import { cellWork } from '../src/launchers/cell-work.js';
import type { WorkItem } from '../src/launchers/launcher.js';
import { waitingList } from '../src/launchers/_waiting-list.js';

const item = (name: string, isHeld = () => false) => ({ name, isHeld }) as WorkItem;

describe('items that wait for a worker', () => {
  it('are taken in their order, but for those that others work on', () => {
    const waiting = waitingList([item('a', () => true), item('b'), item('c')]);
    expect([waiting.take()?.name, waiting.take()?.name, waiting.take()]).toEqual(['b', 'c', null]);
    expect(waiting.length).toBe(1);
  });

  it('pause longer and longer while their processes end at once', () => {
    let now = 0;
    const waiting = waitingList([item('a')], () => now);
    const starts: number[] = [];
    for (; now <= 600_000; now += 1000) {
      const taken = waiting.take();
      if (!taken) continue;
      starts.push(now / 1000);
      waiting.putBack(taken);
    }
    // 23 processes were started in the first 35 s without pauses.
    expect(starts).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363, 423, 483, 543]);
  });
});

describe('a cell whose process ends without a word', () => {
  it('failed for the reason that the process stored, not for one of an earlier attempt', async () => {
    const run = await mkdtemp(path.join(tmpdir(), 'weightmap-reason-'));
    try {
      const { cell } = makeRecord();
      const [item] = cellWork(run, [{ cell, index: 0 }]).items;
      await writeFailure(run, cell, new Error('of yesterday'), 1);
      await item.prepare();
      expect(item.failure()).toBeNull();
      await writeFailure(run, cell, new Error('the dataset is gone'), 2);
      expect(item.failure()).toBe('the dataset is gone');
    } finally {
      await rm(run, { recursive: true, force: true });
    }
  });
});
