import { describe, expect, it } from 'vitest';
import { portions } from '../src/launchers/slurm.js';

describe('portions', () => {
  it('names the tasks of unfinished cells in ranges', () =>
    expect([...portions([5, 0, 1, 2, 9], 1001)]).toEqual([{ offset: 0, tasks: '0-2,5,9' }]));

  it('cuts what is longer than an array may be, each part from its offset', () => {
    const indices = [...Array.from({ length: 1002 }, (_, i) => i), 2500];
    expect([...portions(indices, 1001)]).toEqual([
      { offset: 0, tasks: '0-1000' },
      { offset: 1001, tasks: '0' },
      { offset: 2002, tasks: '498' },
    ]);
  });
});
