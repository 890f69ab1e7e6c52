import type { BenchFigure } from '@weightmap/report';
import { alignColumns } from '@weightmap/report/text';
import { rounded } from './_turns.js';
import { benchGrid, gridTotal, spreadOf, type GridRow } from './bench-grid.js';
import { benchLayer, type LayerRow } from './bench-layer.js';
import { benchScheduling, type SchedulingRow } from './bench-scheduling.js';
import { benchMemory, type MemoryRow } from './bench-memory.js';
import { benchSteps, type StepRow } from './bench-steps.js';
import { benchSweeps, type SweepRow } from './bench-sweeps.js';
import { benchTrials, type TrialsRow } from './bench-trials.js';
import type { Mode } from './modes.js';

/** The options of all suites. Each uses those that it needs. */
export interface SuiteOptions {
  readonly cases: readonly string[];
  readonly batch: number;
  readonly threads: number;
  /** Training steps to time. */
  readonly steps: number;
  readonly modes: readonly Mode[];
  /** Test images of a sweep, and of a shortened cell. */
  readonly images: number;
  /** The Python interpreter with PyTorch; without it there is no comparison. */
  readonly python?: string;
  readonly onNote: (note: string) => void;
  /** Called with the name of each case before it is measured. */
  readonly onCase: (name: string) => void;
}

/** A kind of measurement. */
interface Suite<Row> {
  readonly description: string;
  /** Defaults of `cases`, `steps` and `images`; all test images of the paper's datasets by default. */
  readonly defaults: {
    readonly cases: readonly string[];
    readonly steps: number;
    readonly images?: number;
  };
  run(options: SuiteOptions): Promise<Row[]>;
  /** Headings, and a row's cells under them; all but the first `left` are numbers. */
  table(rows: readonly Row[]): string;
  /** The engine's own figures, for the history of runs. */
  figures(rows: readonly Row[]): BenchFigure[];
}

/** A suite without the type of its rows. */
const suite = <Row>(parts: Suite<Row>) => ({
  ...parts,
  async measure(
    options: SuiteOptions,
  ): Promise<{ rows: readonly Row[]; table: string; figures: readonly BenchFigure[] }> {
    const rows = await parts.run(options);
    return { rows, table: parts.table(rows), figures: parts.figures(rows) };
  },
});

const CNNS = ['cnn-33', 'cnn-smooth-32', 'cnn-unsharp-32'];
const ROUNDS_OF_SWEEPS = 3;

const steps = suite<StepRow>({
  description: 'one training step of each case, by engine mode',
  defaults: { cases: CNNS, steps: 20 },
  run: ({ cases, ...options }) => eachCase(cases, options, (name) => benchSteps({ case: name, ...options })),
  table(rows) {
    const compared = rows.some(({ ratio }) => ratio !== undefined);
    return aligned(2, [
      [
        'case',
        'mode',
        'parameters',
        'ms, median',
        'ms, least',
        'steps',
        ...(compared ? ['/ fastest', 'warm-up, s'] : []),
      ],
      ...rows.map((row) => [
        row.case,
        row.mode,
        row.parameters.toLocaleString('en'),
        row.msMedian.toFixed(2),
        row.msMin.toFixed(2),
        String(row.steps),
        ...(compared ? [row.ratio?.toFixed(3) ?? '', row.warmUpSeconds?.toFixed(1) ?? ''] : []),
      ]),
    ]);
  },
  figures: (rows) =>
    rows.filter(isOwn).map((row) => figureOf(row, { name: row.mode, value: row.msMedian, unit: 'ms' })),
});

const layer = suite<LayerRow>({
  description:
    "a weight map layer's forward and backward pass, as a share of the machine's matrix product peak",
  defaults: { cases: [], steps: 100 },
  run: benchLayer,
  table: (rows) =>
    aligned(2, [
      ['layer', 'mode', 'ms, median', 'ms, least', 'GFLOP/s', 'peak', 'share'],
      ...rows.map((row) => [
        row.layer,
        row.mode,
        row.msMedian.toFixed(2),
        row.msMin.toFixed(2),
        row.gflops.toFixed(1),
        row.peakGflops.toFixed(1),
        row.share.toFixed(3),
      ]),
    ]),
  figures: (rows) =>
    rows.map(({ layer, mode, msMedian }) => ({
      ...{ name: `${layer}, ${mode}`, variant: null, ratio: null },
      ...{ value: msMedian, unit: 'ms' },
    })),
});

const sweeps = suite<SweepRow>({
  description: 'measuring the error under noise and FGSM at every strength of a figure, over all test images',
  defaults: { cases: CNNS, steps: 1 },
  run: ({ cases, modes, ...options }) =>
    eachCase(cases, options, (name) =>
      benchSweeps({ ...options, case: name, mode: modes.at(-1)!, batch: 256, rounds: ROUNDS_OF_SWEEPS }),
    ),
  table: (rows) =>
    aligned(3, [
      ['case', 'sweep', 'mode', 'images', 'strengths', 'seconds', 'images/s', '/ fastest'],
      ...rows.map((row) => [
        row.case,
        row.sweep,
        row.mode,
        row.images.toLocaleString('en'),
        String(row.strengths),
        row.seconds.toFixed(2),
        Math.round(row.imagesPerSecond).toLocaleString('en'),
        row.ratio?.toFixed(3) ?? '',
      ]),
    ]),
  figures: (rows) =>
    rows
      .filter(isOwn)
      .map((row) => figureOf(row, { name: `${row.sweep}, ${row.mode}`, value: row.seconds, unit: 's' })),
});

const trials = suite<TrialsRow>({
  description: 'two trials side by side with one thread each, and PyTorch running them one after the other',
  defaults: { cases: ['cnn-33', 'resnet-conv'], steps: 50 },
  run: ({ cases, modes, ...options }) =>
    eachCase(cases, options, (name) => benchTrials({ ...options, case: name, mode: modes.at(-1)! })),
  table: (rows) =>
    aligned(2, [
      ['case', 'mode', 'ms for a step of both', 'PyTorch, in turn', '/ fastest'],
      ...rows.map((row) => [
        row.case,
        row.mode,
        row.msTogether.toFixed(2),
        row.msPyTorch?.toFixed(2) ?? '',
        row.ratio?.toFixed(3) ?? '',
      ]),
    ]),
  figures: (rows) =>
    rows.map((row) => figureOf(row, { name: `two trials, ${row.mode}`, value: row.msTogether, unit: 'ms' })),
});

const memory = suite<MemoryRow>({
  description: 'memory over many training steps',
  defaults: { cases: ['cnn-smooth-32'], steps: 10_000 },
  run: ({ cases, modes, ...options }) =>
    eachCase(cases, options, (name) => benchMemory({ ...options, case: name, mode: modes.at(-1)! })),
  table: (rows) =>
    aligned(2, [
      ['case', 'mode', 'steps', 'MiB before', 'MiB after', 'growth'],
      ...rows.map((row) => [
        row.case,
        row.mode,
        row.steps.toLocaleString('en'),
        row.rssBeforeMiB.toFixed(1),
        row.rssAfterMiB.toFixed(1),
        row.growthMiB.toFixed(1),
      ]),
    ]),
  figures: (rows) =>
    rows.map((row) => figureOf(row, { name: row.mode, value: row.rssAfterMiB, unit: 'MiB' })),
});

const scheduling = suite<SchedulingRow>({
  description: 'the status of a run of 10,000 cells, and the overhead of a cell',
  defaults: { cases: [], steps: 1 },
  run: benchScheduling,
  table: (rows) =>
    aligned(1, [
      ['what', 'cells', 'seconds', '1 % of a cell of, s'],
      ...rows.map((row) => [
        row.what,
        row.cells.toLocaleString('en'),
        row.seconds.toFixed(2),
        row.onePercentOfSeconds?.toLocaleString('en') ?? '',
      ]),
    ]),
  figures: (rows) =>
    rows.map(({ what, seconds }) => ({ name: what, variant: null, value: seconds, unit: 's', ratio: null })),
});

const grid = suite<GridRow>({
  description: 'cells of the preset standard in an hour: training, validation and evaluation',
  defaults: { cases: CNNS, steps: 30, images: 512 },
  run: ({ cases, modes, ...options }) =>
    eachCase(cases, options, (name) => benchGrid({ ...options, case: name, mode: modes.at(-1)! })),
  table(rows) {
    const total = gridTotal(rows);
    const empty = ['', '', '', '', ''];
    return [
      aligned(3, [
        [
          ...['case', 'mode', 'processes', 'ms a step', 'start, s', 'training, s', 'evaluation, s'],
          ...['cells/h', '/ fastest'],
        ],
        ...rows.map((row) => [
          ...[row.case, row.mode, spreadOf(row), row.msStep.toFixed(2), row.seconds.start.toFixed(1)],
          ...[row.seconds.training.toFixed(0), row.seconds.evaluation.toFixed(1)],
          ...[row.cellsPerHour.toFixed(2), row.ratio?.toFixed(3) ?? ''],
        ]),
        ...(total
          ? [
              [
                'all cases',
                total.mode,
                ...empty,
                total.cellsPerHour.toFixed(2),
                total.ratio?.toFixed(3) ?? '',
              ],
            ]
          : []),
        ...(total?.ofPyTorch === undefined
          ? []
          : [['all cases', 'pytorch, fastest of each', ...empty, total.ofPyTorch.toFixed(2), '']]),
      ]),
      '',
      'Seconds of a whole cell of the preset standard (30 epochs, all images), scaled from the times of shortened cells; its start,',
      'with compiling, as it was. Ours also measures activation variances and Grad-CAM and draws pictures (in its start) and stores',
      'checkpoints; PyTorch does not. No form reads a dataset from files: images are made.',
    ].join('\n');
  },
  figures(rows) {
    const total = gridTotal(rows);
    const perCell = (cellsPerHour: number) => rounded(3600 / cellsPerHour);
    return [
      ...rows
        .filter(isOwn)
        .map((row) =>
          figureOf(row, { name: `a cell, ${row.mode}`, value: perCell(row.cellsPerHour), unit: 's' }),
        ),
      ...(total
        ? [
            {
              ...{ name: `a cell of all cases, ${total.mode}`, variant: null, unit: 's' },
              ...{ value: perCell(total.cellsPerHour), ratio: total.ratio ?? null },
            },
          ]
        : []),
    ];
  },
});

const isOwn = ({ mode }: { readonly mode: string }): boolean => !mode.startsWith('pytorch-');

/** A figure of a case, by the case's name and what it is of. */
const figureOf = (
  row: { readonly case: string; readonly ratio?: number },
  { name, ...figure }: Pick<BenchFigure, 'name' | 'value' | 'unit'>,
): BenchFigure => ({
  ...figure,
  name: `${row.case}, ${name}`,
  variant: row.case.split('@')[0],
  ratio: row.ratio ?? null,
});

/** Every suite by its name. */
export const suites = { steps, layer, sweeps, trials, grid, memory, scheduling } as const;
export type SuiteName = keyof typeof suites;

async function eachCase<Row>(
  cases: readonly string[],
  { onCase }: Pick<SuiteOptions, 'onCase'>,
  measure: (name: string) => Promise<Row[]>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of cases) {
    onCase(name);
    rows.push(...(await measure(name)));
  }
  return rows;
}

/** A table whose columns from `left` on are numbers. */
const aligned = (left: number, rows: readonly (readonly string[])[]): string =>
  alignColumns(rows, { right: rows[0].map((_, i) => i).slice(left) });
