import { dotPanel, zoom, type DotFigure, type DotRow } from '../plot/dot-panel.js';
import { byArchitecture, symbolOf, trialsNote } from './series.js';
import type { Panel } from '../plot/svg.js';
import { list, percent } from '../format.js';
import { strengthRange } from '../model/informative.js';
import type { Spread } from '../model/statistics.js';
import { imageInterval } from '../model/intervals.js';
import type { Benchmark, Curve, VariantSummary } from '../model/summary.js';
import { architectureName } from '../variant-names.js';

/** The three conditions that the headline speaks of. */
export type Condition = 'clean' | Curve;

/** The error of a variant on clean images, or its mean over the informative strengths; null if there is none. */
export function errorUnder(variant: VariantSummary, condition: Condition): Spread | null {
  return condition === 'clean' ? variant.testError : variant.meanError[condition];
}

const curveNames: Readonly<Record<Curve, readonly [name: string, symbol: string]>> = {
  noise: ['uniform noise', 'β'],
  fgsm: ['FGSM', 'L∞ ε'],
};

/** `clean images`, `uniform noise, mean over β 0.1–0.8`, …; without strengths if none was measured. */
export function conditionLabel(benchmark: Benchmark, condition: Condition): string {
  if (condition === 'clean') return 'clean images';
  const range = rangeLabel(benchmark, condition);
  return [curveNames[condition][0], ...(range ? [range] : [])].join(', ');
}

/** `mean over β 0.1–0.8`, or that no β is informative; null if none was measured. */
export function rangeLabel({ informative, variants }: Benchmark, curve: Curve): string | null {
  const [, symbol] = curveNames[curve];
  if (informative[curve].length > 0) return strengthRange(symbol, informative[curve]);
  const isMeasured = variants.some((variant) => variant[curve].some(({ strength }) => strength > 0));
  return isMeasured ? `all near chance at every ${symbol}` : null;
}

/** Each variant's error, clean, under noise, under attack: three panels an architecture of each benchmark. */
export function overviewPanels(benchmarks: readonly Benchmark[]): Panel[] {
  return byArchitecture(benchmarks).flatMap(({ benchmark, architecture, variants }) =>
    (['clean', 'noise', 'fgsm'] as const).flatMap((condition) => {
      const shown = variants.filter((variant) => errorUnder(variant, condition));
      return shown.length > 0 ? [errorPanel(benchmark, architecture, shown, condition)] : [];
    }),
  );
}

/** An axis of errors under noise or attack spans at least this many points, so that small differences look small. */
const LEAST_SPAN = 10;

function widened([low, high]: readonly [number, number]): [number, number] {
  const missing = Math.max(0, LEAST_SPAN - (high - low));
  const from = Math.max(0, low - missing / 2);
  return [from, Math.min(100, Math.max(high, from + LEAST_SPAN))];
}

function errorPanel(
  benchmark: Benchmark,
  architecture: string,
  variants: readonly VariantSummary[],
  condition: Condition,
): Panel {
  const figureOf = (value: Spread): DotFigure => ({
    value,
    mark: 'filled',
    interval: imageInterval(benchmark.conditions, condition, value),
  });
  const rows = variants.map((variant, i): DotRow => {
    const row = condition === 'clean' && variant.paper?.difference !== null ? variant.paper?.row : undefined;
    return {
      name: variant.name,
      symbol: symbolOf(variants, variant, i),
      figures: [figureOf(errorUnder(variant, condition)!)],
      ...(row && { reference: { value: row.testErrorPercent, plusMinus: row.plusMinus } }),
    };
  });
  const reach = rows.flatMap(({ figures: [{ value, interval }], reference }) => [
    ...[value.mean - (value.sd ?? 0), value.mean + (value.sd ?? 0), ...value.values],
    ...(interval ? [interval.low, interval.high] : []),
    ...(reference ? [reference.value - reference.plusMinus, reference.value + reference.plusMinus] : []),
  ]);
  const under = conditionLabel(benchmark, condition);
  const where = `${architectureName(architecture)} on ${benchmark.title}`;
  return dotPanel({
    id: `overview-${benchmark.id}-${architecture}-${condition}`,
    row: `${benchmark.id}-${architecture}`,
    title: `${where}: test error, ${under}`,
    description: `Mean test error of each variant: ${list(
      rows.map(({ name, figures: [{ value }] }) => `${name.short} ${percent(value.mean)} %`),
    )}.`,
    rows,
    heading: `${architectureName(architecture)} · ${benchmark.title}`,
    under: `error %, ${under}`,
    note: trialsNote(variants),
    domain: condition === 'clean' ? zoom(reach, 100) : widened(zoom(reach, 100)),
    format: percent,
  });
}
