import { toCsv } from '../csv.js';
import { list } from '../format.js';
import { type NamedArchitecture, byArchitecture, eachRecord } from '../model/benchmarks.js';
import type { Benchmark, SharpnessSummary, VariantSummary } from '../model/summary.js';
import { dotPanel, zoom, type DotFigure, type DotRow } from '../plot/dot-panel.js';
import type { Panel } from '../plot/svg.js';
import { slug } from '../slug.js';
import { symbolOf, trialsNote } from './series.js';

type Figure = 'hoyer' | 'entropy' | 'background';

const names: Readonly<Record<Figure, string>> = {
  hoyer: 'sparsity (Hoyer), 1 = one place',
  entropy: 'entropy, 1 = even',
  background: 'share on the background',
};

const marks: Readonly<Record<SharpnessSummary['condition'], DotFigure['mark']>> = {
  clean: 'filled',
  noisy: 'ring',
  attacked: 'cross',
};

const digits = (value: number): string => value.toFixed(3);

/** How sharp, sparse and localised Grad-CAM is: a panel a figure for each architecture of each benchmark. */
export const sharpnessPanels = (benchmarks: readonly Benchmark[]): Panel[] =>
  byArchitecture(benchmarks).flatMap(({ benchmark, architecture, variants }) =>
    (['hoyer', 'entropy', 'background'] as const).flatMap((figure) => {
      const rows = variants.flatMap((variant, i) => rowOf(variants, variant, i, figure) ?? []);
      return rows.length > 0 ? [sharpnessPanel(benchmark, architecture, figure, rows)] : [];
    }),
  );

function rowOf(
  variants: readonly VariantSummary[],
  variant: VariantSummary,
  i: number,
  figure: Figure,
): DotRow | null {
  const figures = variant.sharpness.flatMap((row): DotFigure[] => {
    const value = row[figure];
    return value ? [{ value, mark: marks[row.condition] }] : [];
  });
  const [first, ...others] = figures;
  if (first?.mark !== 'filled') return null;
  return {
    name: variant.name,
    symbol: symbolOf(variants, variant, i),
    figures: [first, ...others],
  };
}

function sharpnessPanel(
  benchmark: Benchmark,
  architecture: NamedArchitecture,
  figure: Figure,
  rows: readonly DotRow[],
): Panel {
  const reach = rows.flatMap(({ figures }) =>
    figures.flatMap(({ value: { mean, sd } }) => [mean - (sd ?? 0), mean + (sd ?? 0)]),
  );
  return dotPanel({
    id: `sharpness-${benchmark.id}-${architecture.id}-${figure}`,
    row: `${benchmark.id}-${architecture.id}`,
    title: `${architecture.label} on ${benchmark.title}: Grad-CAM, ${names[figure]}`,
    description: `On clean images: ${list(
      rows.map(({ name, figures: [{ value }] }) => `${name.short} ${digits(value.mean)}`),
    )}.`,
    rows,
    heading: `${architecture.label} · ${benchmark.title}`,
    under: names[figure],
    note: trialsNote(benchmark.variants.filter((variant) => slug(variant.architecture) === architecture.id)),
    domain: zoom(reach, 1),
    format: digits,
  });
}

/** Every figure of every record, as CSV. */
export const sharpnessCsv = (benchmarks: readonly Benchmark[]): string =>
  toCsv({
    columns: [
      ...['dataset', 'variant', 'trial', 'condition', 'strength', 'layer', 'images', 'empty_maps'],
      ...['hoyer_mean', 'hoyer_sd', 'entropy_mean', 'entropy_sd', 'background_mean', 'background_sd'],
    ],
    rows: eachRecord(benchmarks).flatMap(({ title, record: { cell, gradCamSharpness } }) =>
      gradCamSharpness.map(({ condition, strength, layer, n, empty, hoyer, entropy, background }) => [
        ...[title, cell.variant, cell.trial, condition, strength, layer, n, empty],
        ...[hoyer, entropy, background].flatMap((one) => [one?.mean ?? null, one?.sd ?? null]),
      ]),
    ),
  });
