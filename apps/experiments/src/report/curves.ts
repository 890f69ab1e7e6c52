import { linePanel, type Series } from './_line-panel.js';
import type { Panel } from './_svg.js';
import { toCsv } from './csv.js';
import { list, percent, strength } from './format.js';
import { spread } from './statistics.js';
import type { Benchmark, CurvePoint, VariantSummary } from './summarise.js';
import { architectureName } from './variant-names.js';

/** What a curve is drawn over. */
export type Curve = 'noise' | 'fgsm';

const axes = {
  noise: { axis: 'uniform noise bound β', symbol: 'β', heading: 'uniform noise', csv: 'beta' },
  fgsm: { axis: 'FGSM step ε', symbol: 'ε', heading: 'FGSM', csv: 'epsilon' },
} as const;

/** The customary bound on 8-bit images, for comparison with other work. */
const LANDMARK = 8 / 255;

/** Error against β or ε: one panel an architecture of each benchmark; empty if there is nothing to draw. */
export function curvePanels(benchmarks: readonly Benchmark[], curve: Curve): Panel[] {
  const { axis, symbol, heading } = axes[curve];
  return byArchitecture(benchmarks, (variant) => variant[curve].length > 0).map(
    ({ benchmark, architecture, variants }) => {
      const series = variants.map(seriesOf((variant) => ({ points: variant[curve].map(pointOf) })));
      const xs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
      return linePanel({
        id: `${curve}-${benchmark.id}-${architecture}`,
        title: `${architectureName(architecture)} on ${benchmark.title}: test error under ${heading}`,
        description: describe(variants, curve),
        heading: `${architectureName(architecture)} · ${benchmark.title}`,
        note: trialsNote(variants),
        xLabel: `${axis} (pixel units)`,
        yLabel: 'test error, %',
        yDomain: [0, 100],
        xTicks: thin(xs),
        xFormat: strength,
        series,
        ...(curve === 'fgsm' &&
          xs[0] < LANDMARK &&
          xs.at(-1)! > LANDMARK && { landmark: { x: LANDMARK, label: 'ε = 8/255' } }),
      });

      function describe(shown: readonly VariantSummary[], name: Curve): string {
        const ends = shown.map((variant) => {
          const last = variant[name].at(-1)!;
          return `${variant.name.short} ${percent(last.error.mean)} % at ${symbol} = ${strength(last.strength)}`;
        });
        return `Lines of test error, 0 to 100 %, against ${symbol}. ${list(ends)}.`;
      }
    },
  );
}

/** Validation error by epoch, one line a trial. */
export function historyPanels(benchmarks: readonly Benchmark[]): Panel[] {
  return byArchitecture(benchmarks, ({ histories }) => histories.some(({ epochs }) => epochs.length > 0)).map(
    ({ benchmark, architecture, variants }) => {
      const series = variants.map(
        seriesOf(({ histories }) => ({
          points: meanHistory(histories),
          marked: histories.flatMap(({ epochs, selectedEpoch }) =>
            epochs
              .filter(({ epoch }) => epoch === selectedEpoch)
              .map(({ epoch, validationErrorPercent }) => ({ x: epoch, y: validationErrorPercent })),
          ),
        })),
      );
      const errors = series.flatMap(({ points }) => points.map(({ y, sd }) => y + (sd ?? 0)));
      return linePanel({
        id: `history-${benchmark.id}-${architecture}`,
        title: `${architectureName(architecture)} on ${benchmark.title}: validation error while training`,
        description: `Lines of validation error by epoch. ${list(
          variants.map(({ name }, i) => `${name.short} ends at ${percent(series[i].points.at(-1)!.y)} %`),
        )}.`,
        heading: `${architectureName(architecture)} · ${benchmark.title}`,
        note: trialsNote(variants),
        xLabel: 'epoch',
        yLabel: 'validation error, %',
        yDomain: [0, Math.max(1, Math.ceil(Math.max(...errors)))],
        xTicks: epochTicks(series.flatMap(({ points }) => points.map(({ x }) => x))),
        xFormat: String,
        series,
      });
    },
  );
}

/** Every point of the curves, as CSV. */
export const curveCsv = (benchmarks: readonly Benchmark[], curve: Curve): string =>
  toCsv({
    columns: ['dataset', 'variant', 'trial', axes[curve].csv, 'error_percent'],
    rows: eachRecord(benchmarks).flatMap(({ title, record }) => {
      const points =
        curve === 'noise'
          ? record.noise.map(({ beta, errorPercent }) => [beta, errorPercent])
          : record.fgsm.map(({ epsilon, errorPercent }) => [epsilon, errorPercent]);
      return points.map((point) => [title, record.cell.variant, record.cell.trial, ...point]);
    }),
  });

/** Every epoch of every trial, as CSV. */
export const historyCsv = (benchmarks: readonly Benchmark[]): string =>
  toCsv({
    columns: [
      'dataset',
      'variant',
      'trial',
      'epoch',
      'train_loss',
      'validation_loss',
      'validation_error_percent',
    ],
    rows: eachRecord(benchmarks).flatMap(({ title, record: { cell, history } }) =>
      history.map((epoch) => [
        title,
        cell.variant,
        cell.trial,
        epoch.epoch,
        epoch.trainLoss,
        epoch.validationLoss,
        epoch.validationErrorPercent,
      ]),
    ),
  });

/** `n = 3`, `n = 1, no band`, or `n = 1 … 3`. */
export function trialsNote(variants: readonly VariantSummary[]): string {
  const counts = variants.map(({ testError }) => testError.n);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (least < most) return `n = ${least} … ${most}`;
  return most === 1 ? 'n = 1, no band' : `n = ${most}`;
}

/** The variants that are drawn together, in the order of the paper. */
export function byArchitecture(
  benchmarks: readonly Benchmark[],
  wanted: (variant: VariantSummary) => boolean = () => true,
): { benchmark: Benchmark; architecture: string; variants: VariantSummary[] }[] {
  return benchmarks.flatMap((benchmark) => {
    const variants = benchmark.variants.filter(wanted);
    const architectures = [...new Set(variants.map(({ architecture }) => architecture))];
    return architectures.map((architecture) => ({
      benchmark,
      architecture,
      variants: variants.filter((variant) => variant.architecture === architecture),
    }));
  });
}

const symbols = ['circle', 'square', 'triangle', 'diamond2', 'star', 'cross'];

/** Variants of one kind share a colour: the first is a circle, the second a square, and so on. */
export const symbolOf = (variants: readonly VariantSummary[], { name }: VariantSummary, i: number): string =>
  symbols[variants.slice(0, i).filter((before) => before.name.kind === name.kind).length % symbols.length];

const seriesOf =
  (draw: (variant: VariantSummary) => Pick<Series, 'points' | 'marked'>) =>
  (variant: VariantSummary, i: number, all: readonly VariantSummary[]): Series => ({
    name: variant.name,
    symbol: symbolOf(all, variant, i),
    ...draw(variant),
  });

const pointOf = ({ strength: x, error }: CurvePoint) => ({ x, y: error.mean, sd: error.sd });

function meanHistory(histories: VariantSummary['histories']): Series['points'] {
  const byEpoch = new Map<number, number[]>();
  for (const { epoch, validationErrorPercent } of histories.flatMap(({ epochs }) => epochs))
    byEpoch.set(epoch, [...(byEpoch.get(epoch) ?? []), validationErrorPercent]);
  return [...byEpoch]
    .sort(([a], [b]) => a - b)
    .map(([x, values]) => {
      const { mean, sd } = spread(values);
      return { x, y: mean, sd };
    });
}

const eachRecord = (benchmarks: readonly Benchmark[]) =>
  benchmarks.flatMap(({ title, variants }) =>
    variants.flatMap(({ stored }) => stored.map(({ record }) => ({ title, record }))),
  );

/** At most seven ticks that don't crowd: those at least an eighth of the axis apart. */
function thin(xs: readonly number[]): number[] {
  const range = xs.at(-1)! - xs[0];
  return xs.reduce<number[]>(
    (kept, x) => (kept.length === 0 || x - kept.at(-1)! >= range / 8 ? [...kept, x] : kept),
    [],
  );
}

function epochTicks(epochs: readonly number[]): number[] {
  const last = Math.max(...epochs);
  const step = [1, 2, 5, 10, 20, 50, 100, 200].find((size) => last / size <= 7) ?? 500;
  const ticks = Array.from({ length: Math.floor(last / step) }, (_, i) => (i + 1) * step);
  return step > 1 ? [1, ...ticks] : ticks;
}
