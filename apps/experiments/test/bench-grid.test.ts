import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { startEngine } from '@weightmap/engine';
import { describe, expect, it } from 'vitest';
import { gridRows, gridTotal, type GridForm, type GridRow } from '../src/bench/bench-grid.js';
import { cellOf, cellSeconds } from '../src/bench/grid-cell.js';
import { timeCell } from '../src/bench/measure-cell.js';
import { suites } from '../src/bench/suites.js';
import { here } from './_command.js';

describe('a whole cell', () => {
  it('has the images, epochs and strengths of the preset standard', () => {
    expect(cellOf('cnn-33', 32)).toMatchObject({
      variant: 'cnn-33',
      dataset: { id: 'mnist', train: 54_000, validation: 6000, test: 10_000 },
      training: { epochs: 30, batchSize: 32, augmentation: 'pad-crop' },
    });
    expect(cellOf('resnet-conv@cifar10', 64).dataset).toMatchObject({ id: 'cifar10', train: 45_000 });
  });

  it('takes the times of its units: every step, the validation of every epoch, and the test images', () => {
    // 844 batches of 64 make an epoch of 54,000 images.
    const times = { step: 10, validation: 0.5, noise: 2, fgsm: 3 };
    expect(cellSeconds(cellOf('cnn-33', 64), 7, times)).toEqual({
      start: 7,
      training: 30 * (844 * 0.01 + 6000 * 0.0005),
      evaluation: 10_000 * 0.0055,
    });
  });
});

describe('a shortened cell', () => {
  it('runs from training to its record, times every part, and leaves nothing behind', async () => {
    const engine = await startEngine();
    const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('weightmap-grid-'));
    const before = folders();
    const times = await timeCell('cnn-33', 2, engine, {
      steps: 2,
      images: 2,
      features: { images: 2, pictures: 0 },
    });
    expect(Object.keys(times)).toEqual(['step', 'validation', 'noise', 'fgsm']);
    for (const ms of Object.values(times)) expect(ms).toBeGreaterThan(0);
    expect(folders().filter((name) => !before.includes(name))).toEqual([]);
  });
});

/** A form whose processes answer with these times of a step, and of an image in each other part. */
const form = (
  name: Pick<GridForm, 'mode' | 'processes' | 'threads'>,
  steps: readonly number[],
  { missing, parameters = 261_070 }: { missing?: string; parameters?: number } = {},
): GridForm & { readonly ended: number } => {
  let [started, ended] = [0, 0];
  return {
    ...name,
    get ended() {
      return ended;
    },
    start: () => {
      const step = steps[started++];
      return Promise.resolve({
        ready: missing === undefined ? { parameters } : { missing },
        process: {
          measure: () => Promise.resolve({ ms: [step, 0.1, 0.2, 0.3] }),
          end: () => Promise.resolve(void ended++),
        },
      });
    },
  };
};

const [pair, alone] = [
  { processes: 2, threads: 1 },
  { processes: 1, threads: 2 },
];

describe('the cells an hour', () => {
  /** Seconds of a cell of cnn-33 with these milliseconds for a step, but for its start. */
  const seconds = (step: number) => 30 * (844 * step + 600) * 1e-3 + 10_000 * 0.6 * 1e-3;

  it('of two processes are twice those of one, whose times are the mean of both; ours is compared with the fastest form', async () => {
    const forms = [
      form({ mode: 'pytorch-tuned', ...alone }, [30]),
      form({ mode: 'pytorch-tuned', ...pair }, [50, 52]),
      form({ mode: 'pytorch-tuned-compile', ...alone }, [1], { missing: 'no C++ compiler' }),
      form({ mode: 'fused', ...pair }, [20, 30]),
    ];
    const notes: string[] = [];
    const rows = await gridRows({ case: 'cnn-33', batch: 64 }, forms, (note) => notes.push(note));
    expect(notes).toEqual(['left out pytorch-tuned-compile, 1 × 2 threads: no C++ compiler']);
    expect(rows.map(({ mode, processes, msStep }) => [mode, processes, msStep])).toEqual([
      ['pytorch-tuned', 1, 30],
      ['pytorch-tuned', 2, 51],
      ['fused', 2, 25],
    ]);
    // The starts of these processes take next to no time of some 700 seconds.
    expect(rows.map(({ cellsPerHour }) => cellsPerHour)).toEqual(
      [3600 / seconds(30), 7200 / seconds(51), 7200 / seconds(25)].map(
        (perHour) => expect.closeTo(perHour, 1) as number,
      ),
    );
    expect(rows[2].fastest).toBe('pytorch-tuned, 2 × 1 thread');
    expect(rows[2].ratio).toBeCloseTo(seconds(25) / seconds(51), 2);
    expect(rows[0].ratio).toBeUndefined();
    expect(forms.map(({ ended }) => ended)).toEqual([1, 2, 1, 2]);
  });

  it('are refused for another network, and every process is ended', async () => {
    const forms = [
      form({ mode: 'pytorch-tuned', ...alone }, [30], { parameters: 7 }),
      form({ mode: 'fused', ...pair }, [20, 30]),
    ];
    await expect(gridRows({ case: 'cnn-33', batch: 64 }, forms, () => {})).rejects.toThrow(
      /trains another network/,
    );
    expect(forms.map(({ ended }) => ended)).toEqual([1, 2]);
  });

  const row = (id: string, mode: string, cellsPerHour: number): GridRow => ({
    ...{ case: id, mode, ...pair, batch: 64, msStep: 25, cellsPerHour },
    seconds: { start: 8.25, training: 650, evaluation: 40 },
  });

  it('of several cases count each case once, against the fastest form of each', () => {
    const rows = [
      row('cnn-33', 'fused', 6),
      row('cnn-33', 'pytorch-tuned', 2),
      row('cnn-33', 'pytorch-tuned-compile', 4),
      row('cnn-smooth-32', 'fused', 12),
      row('cnn-smooth-32', 'pytorch-tuned', 4),
    ];
    // A cell of each takes 1/6 + 1/12 hours, and 1/4 + 1/4.
    expect(gridTotal(rows)).toEqual({ mode: 'fused', cellsPerHour: 8, ofPyTorch: 4, ratio: 0.5 });
    expect(gridTotal(rows.slice(0, 3))).toBeNull();
    expect(gridTotal(rows.filter(({ mode }) => mode === 'fused'))).toEqual({
      mode: 'fused',
      cellsPerHour: 8,
    });
  });

  it('are printed with the parts of a cell, and say that they are scaled; the history keeps seconds', () => {
    const rows = [
      { ...row('cnn-33', 'fused', 6), ratio: 0.5, fastest: 'pytorch-tuned, 2 × 1 thread' },
      row('cnn-smooth-32', 'fused', 12),
    ];
    const [heading, ...lines] = suites.grid.table(rows).split('\n');
    expect(heading.split(/ {2,}/)).toEqual([
      ...['case', 'mode', 'processes', 'ms a step', 'start, s', 'training, s', 'evaluation, s'],
      ...['cells/h', '/ fastest'],
    ]);
    expect(lines[0].split(/ {2,}/)).toEqual([
      ...['cnn-33', 'fused', '2 × 1 thread', '25.00', '8.3', '650', '40.0', '6.00', '0.500'],
    ]);
    expect(lines[2].split(/ {2,}/)).toEqual(['all cases', 'fused', '8.00']);
    expect(lines.join(' ')).toContain('scaled from the times of shortened cells');
    expect(suites.grid.figures(rows)).toEqual([
      { name: 'cnn-33, a cell, fused', variant: 'cnn-33', value: 600, unit: 's', ratio: 0.5 },
      { name: 'cnn-smooth-32, a cell, fused', variant: 'cnn-smooth-32', value: 300, unit: 's', ratio: null },
      { name: 'a cell of all cases, fused', variant: null, value: 450, unit: 's', ratio: null },
    ]);
  });
});

describe('weightmap bench grid', () => {
  it.each([
    { given: ['--cases', 'cnn-33@digits'], says: /number of images of digits.*mnist or cifar10/s },
    { given: ['--cases', 'cnn-33', '--steps', '1'], says: /--steps 1.*at least 2/s },
    {
      given: ['--cases', 'cnn-33', '--peers', '--python', '/no/python'],
      says: /\/no\/python.*pip install torch/s,
    },
  ])('refuses $given', async ({ given, says }) => {
    const { code, stderr } = await here('bench', 'grid', '--threads', '2', ...given);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
