import { list, percent } from '../format.js';
import { type NamedArchitecture, byArchitecture } from '../model/benchmarks.js';
import { conditionLabel, errorUnder, type Condition } from '../model/condition.js';
import { imageInterval } from '../model/intervals.js';
import type { Spread } from '../model/statistics.js';
import type { Benchmark, VariantSummary } from '../model/summary.js';
import { dotPanel, zoom, type DotFigure, type DotRow } from '../plot/dot-panel.js';
import type { Panel } from '../plot/svg.js';
import { symbolOf, trialsNote } from './series.js';

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
  architecture: NamedArchitecture,
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
  const where = `${architecture.label} on ${benchmark.title}`;
  return dotPanel({
    id: `overview-${benchmark.id}-${architecture.id}-${condition}`,
    row: `${benchmark.id}-${architecture.id}`,
    title: `${where}: test error, ${under}`,
    description: `Mean test error of each variant: ${list(
      rows.map(({ name, figures: [{ value }] }) => `${name.short} ${percent(value.mean)} %`),
    )}.`,
    rows,
    heading: `${architecture.label} · ${benchmark.title}`,
    under: `error %, ${under}`,
    note: trialsNote(variants),
    domain: condition === 'clean' ? zoom(reach, 100) : widened(zoom(reach, 100)),
    format: percent,
  });
}
