import { UsageError } from '@weightmap/core';
import { describe, expect, it } from 'vitest';
import { checkLauncherChoice } from '../src/launchers/check-choice.js';
import { defaultWorkers, parseCpuList, pinning } from '../src/launchers/cores.js';
import type { LauncherChoice } from '../src/plan/run-options.js';

const GiB = 2 ** 30;

describe('parseCpuList', () => {
  it('reads single cores and ranges, as Linux writes them', () => {
    expect(parseCpuList('0-3,8,10-11\n')).toEqual([0, 1, 2, 3, 8, 10, 11]);
    expect(parseCpuList('5')).toEqual([5]);
    expect(parseCpuList('')).toEqual([]);
    for (const other of ['0-4294967295', '1-x', '-1', '1e9', '0x10', '0-65535,0-65535'])
      expect(parseCpuList(other), other).toBeNull();
  });
});

describe('defaultWorkers', () => {
  it.each([
    ['one a core', 1, 8, 64 * GiB, 8],
    ['fewer, if each takes several', 3, 8, 64 * GiB, 2],
    ['no more than there is memory for', 1, 64, 10.5 * GiB, 5],
    ['at least one', 4, 2, GiB / 2, 1],
  ])('%s', (_, threads, cores, memory, expected) =>
    expect(defaultWorkers(threads, cores, memory)).toBe(expected),
  );
});

describe('pinning', () => {
  const cores = [2, 3, 6, 7];

  it('gives every worker cores of its own, out of those allowed', () => {
    expect(pinning(2, 2, { cores, hasTaskset: true })).toEqual([
      ['taskset', '--cpu-list', '2,3'],
      ['taskset', '--cpu-list', '6,7'],
    ]);
  });

  it('leaves all of them free where there are too few, or nothing to do it with', () => {
    expect(pinning(5, 1, { cores, hasTaskset: true })).toEqual([[], [], [], [], []]);
    expect(pinning(2, 1, { cores, hasTaskset: false })).toEqual([[], []]);
    expect(pinning(1, 1, { cores: null, hasTaskset: true })).toEqual([[]]);
  });
});

describe('options of launchers', () => {
  it.each([
    [
      { launcher: 'local', sbatchOptions: ['mem=4G'] },
      /--sbatch has no effect with --launcher local/,
      /--launcher slurm/,
    ],
    [
      { launcher: 'slurm', image: 'me/weightmap' },
      /--image has no effect with --launcher slurm/,
      /--launcher kubernetes/,
    ],
    [
      { launcher: 'kubernetes', sbatchOptions: [] },
      /--sbatch has no effect with --launcher kubernetes/,
      /--launcher slurm/,
    ],
    [
      { launcher: 'local', threads: 10_000 },
      /^10,000 threads: this machine has \d/,
      /name at most --threads \d/,
    ],
    [{ launcher: 'local', threads: 100, workers: 100 }, /^100 processes of 100 threads/, /fewer --threads/],
    [{ launcher: 'local', workers: 1e9 }, /^1000000000 processes of 1 thread/, /leave --workers out/],
  ] as const)('%j is refused', (choice, message, fix) => {
    const check = () => checkLauncherChoice({ threads: 1, ...choice } as LauncherChoice);
    expect(check).toThrow(UsageError);
    expect(check).toThrow(message);
    expect(messageDetails(check).fix).toMatch(fix);
  });

  it.each([
    [{}, /needs an image and a volume claim/],
    [{ image: 'lab/weightmap:1' }, /needs an image and a volume claim/],
    [{ image: 'Lab:1:2', claim: 'runs' }, /"Lab:1:2" is not the name of an image/],
    [{ image: 'lab/weightmap:1', claim: '-' }, /"-" is not the name of a volume claim/],
  ])('kubernetes refuses %j before anything is written', (choice, message) => {
    const all = { launcher: 'kubernetes', threads: 1, ...choice } as const;
    expect(() => checkLauncherChoice(all)).toThrow(message);
    expect(() => checkLauncherChoice({ ...all, dryRun: true })).not.toThrow();
  });

  it.each([
    { launcher: 'local', threads: 1 },
    { launcher: 'local', threads: 2, workers: 1 },
    { launcher: 'slurm', threads: 64, sbatchOptions: ['mem=4G'] },
    { launcher: 'kubernetes', threads: 64, image: 'me/weightmap', claim: 'runs' },
  ] as LauncherChoice[])('%j is taken', (choice) => {
    expect(() => checkLauncherChoice(choice)).not.toThrow();
  });
});

function messageDetails(call: () => void) {
  try {
    call();
  } catch (error) {
    return (error as UsageError).details;
  }
  throw new Error('nothing was refused');
}
