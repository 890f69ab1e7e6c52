import { toCsv } from '../csv.js';
import { list, percent, strength } from '../format.js';
import { byArchitecture, eachRecord } from '../model/benchmarks.js';
import { imageInterval } from '../model/intervals.js';
import type { Benchmark, Curve, CurvePoint, VariantSummary } from '../model/summary.js';
import { errorAxis } from '../plot/error-axis.js';
import { linePanel } from '../plot/line-panel.js';
import type { Panel } from '../plot/svg.js';
import { landmarkIn, ticksOf } from './_strengths.js';
import { seriesOf, trialsNote } from './series.js';

const axes = {
  noise: { axis: 'uniform noise, bound β', symbol: 'β', heading: 'uniform noise', csv: 'beta' },
  fgsm: { axis: 'FGSM, L∞ ε', symbol: 'ε', heading: 'FGSM', csv: 'epsilon' },
} as const;

/** Error against β or ε: one panel an architecture of each benchmark; empty if there is nothing to draw. */
export function curvePanels(benchmarks: readonly Benchmark[], curve: Curve): Panel[] {
  const { axis, symbol, heading } = axes[curve];
  return byArchitecture(benchmarks, (variant) => variant[curve].length > 0).map(
    ({ benchmark, architecture, variants }) => {
      const series = variants.map(
        seriesOf((variant) => ({ points: variant[curve].map((point) => pointOf(benchmark, curve, point)) })),
      );
      const yDomain = axisOf(benchmark, curve);
      const xs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
      return linePanel({
        id: `${curve}-${benchmark.id}-${architecture.id}`,
        row: benchmark.id,
        title: `${architecture.label} on ${benchmark.title}: test error under ${heading}`,
        description: describe(variants, curve),
        heading: `${architecture.label} · ${benchmark.title}`,
        note: trialsNote(variants),
        xLabel: `${axis} (pixels in [0, 1])`,
        yLabel: 'test error, %',
        yDomain,
        xTicks: ticksOf(xs),
        xFormat: strength,
        series,
        ...(curve === 'fgsm' && landmarkIn(xs)),
      });

      function describe(shown: readonly VariantSummary[], name: Curve): string {
        const ends = shown.map((variant) => {
          const last = variant[name].at(-1)!;
          return `${variant.name.short} ${percent(last.error.mean)} % at ${symbol} = ${strength(last.strength)}`;
        });
        return `Lines of test error, ${yDomain.join(' to ')} %, against ${symbol}. ${list(ends)}.`;
      }
    },
  );
}

/** The panels of a benchmark share their axis: all of its values, with their deviations or intervals, fit. */
const axisOf = (benchmark: Benchmark, curve: Curve): [number, number] =>
  errorAxis(
    benchmark.variants.flatMap((variant) =>
      variant[curve].flatMap((point) => {
        const { y, sd, interval } = pointOf(benchmark, curve, point);
        return interval ? [interval.low, interval.high] : [y - (sd ?? 0), y + (sd ?? 0)];
      }),
    ),
  );

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

const pointOf = ({ conditions }: Benchmark, curve: Curve, { strength: x, error }: CurvePoint) => ({
  x,
  y: error.mean,
  sd: error.sd,
  // The error at 0 is that on clean images, but of the images that the curve is measured on.
  interval: imageInterval(conditions, curve, error),
});
