import { describe, expect, it } from 'vitest';
import { benchPage, slowdowns, type BenchRun } from '../src/index.js';

/** A run whose only case took so many milliseconds. */
const run = (day: number, value: number, { ratio = null as number | null, threads = 2 } = {}): BenchRun => ({
  suite: 'steps',
  at: `2026-11-${String(day).padStart(2, '0')}T12:00:00.000Z`,
  commit: { sha: `${day}`.padEnd(40, 'a'), dirty: day === 4 },
  conditions: { processor: 'a <fast> one', cores: 2, threads, batch: 64 },
  load: [0.5, 2.25],
  figures: [{ name: 'cnn-33, fused', variant: 'cnn-33', value, unit: 'ms', ratio }],
});

describe('a slowdown', () => {
  it('is at least 10 % above the median of three or more earlier runs', () => {
    const earlier = [run(1, 20), run(2, 40), run(3, 10)];
    expect(slowdowns([...earlier, run(4, 22.1)])).toEqual([
      { name: 'cnn-33, fused', earlier: 3, percent: expect.closeTo(10.5, 6) as number, isRatio: false },
    ]);
    expect(slowdowns([...earlier, run(4, 21.9)])).toEqual([]);
    expect(slowdowns([run(1, 20), run(2, 20), run(4, 90)])).toEqual([]); // too few
  });

  it('is judged by the ratio to PyTorch where every run has one', () => {
    const runs = [1, 2, 3].map((day) => run(day, 20, { ratio: 0.5 }));
    // The machine was busy: all times doubled, the ratio did not.
    expect(slowdowns([...runs, run(4, 40, { ratio: 0.52 })])).toEqual([]);
    expect(slowdowns([...runs, run(4, 20, { ratio: 0.6 })])).toMatchObject([
      { percent: expect.closeTo(20, 6) as number, isRatio: true },
    ]);
    expect(slowdowns([...runs, run(4, 40)])).toMatchObject([
      { percent: expect.closeTo(100, 6) as number, isRatio: false },
    ]);
  });

  it('is of the last run: a figure that it lacks is not judged', () => {
    const without = { ...run(5, 1), figures: [] };
    expect(slowdowns([run(1, 1), run(2, 1), run(3, 1), run(4, 9), without])).toEqual([]);
  });
});

describe('the page', () => {
  const slow = [run(4, 30), run(1, 20), run(3, 20), run(2, 20)]; // in any order
  const text = (page: string) =>
    page
      .replace(/<(style|svg)[^]*?<\/\1>/g, '')
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ');

  it('begins with the figures that became slower', () => {
    expect(text(benchPage(slow))).toContain(
      'One figure is slower than before steps: cnn-33, fused: +50 % in time, against the median of 3 earlier runs.',
    );
    expect(text(benchPage(slow.slice(1)))).toContain('No figure is slower than before');
  });

  it('has a row a run in the order of time, with commit, load and ratio', () => {
    const page = text(benchPage([run(2, 1234.5, { ratio: 0.25 }), run(1, 20)]));
    expect(page).toContain(
      '1 2026-11-01 12:00 1aaaaaa 0.5 – 2.3 20 2 2026-11-02 12:00 2aaaaaa 0.5 – 2.3 1,235 (0.250)',
    );
    expect(text(benchPage(slow))).toContain('4aaaaaa, changed');
  });

  it('compares nothing under other conditions, and escapes what comes from files', () => {
    const page = benchPage([run(1, 20), run(2, 20), run(3, 20), run(4, 90, { threads: 1 })]);
    expect(text(page)).toContain('No figure is slower than before');
    expect(page.match(/<section>/g)).toHaveLength(2);
    expect(page).toContain('a &lt;fast&gt; one');
  });
});
