import { dotPanel, zoom, type DotRow } from './_dot-panel.js';
import { byArchitecture, symbolOf, trialsNote } from './_series.js';
import type { Panel } from './_svg.js';
import { list, percent, strength } from '../format.js';
import type { Spread } from '../statistics.js';
import type { Benchmark, VariantSummary } from './summary.js';
import { architectureName } from '../variant-names.js';

/** The three conditions that the headline speaks of. */
export type Condition = 'clean' | 'noise' | 'fgsm';

/** The error of a variant on clean images, or at the telling strength of noise or attack; null if not measured. */
export function errorUnder(variant: VariantSummary, condition: Condition): Spread | null {
  return condition === 'clean' ? variant.testError : variant.telling[condition];
}

/** `clean images`, `uniform noise, β = 0.5`, …; without the strength if there is none. */
export function conditionLabel({ telling }: Benchmark, condition: Condition): string {
  if (condition === 'clean') return 'clean images';
  const [name, symbol] = condition === 'noise' ? ['uniform noise', 'β'] : ['FGSM', 'ε'];
  const at = telling[condition];
  return at === null ? name : `${name}, ${symbol} = ${strength(at)}`;
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

function errorPanel(
  benchmark: Benchmark,
  architecture: string,
  variants: readonly VariantSummary[],
  condition: Condition,
): Panel {
  const rows = variants.map((variant, i): DotRow => {
    const row = condition === 'clean' && variant.paper?.difference !== null ? variant.paper?.row : undefined;
    return {
      name: variant.name,
      symbol: symbolOf(variants, variant, i),
      figures: [{ value: errorUnder(variant, condition)!, mark: 'filled' }],
      ...(row && { reference: { value: row.testErrorPercent, plusMinus: row.plusMinus } }),
    };
  });
  const reach = rows.flatMap(({ figures: [{ value }], reference }) => [
    ...[value.mean - (value.sd ?? 0), value.mean + (value.sd ?? 0), ...value.values],
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
    note: trialsNote(variants).replace(', no band', ''),
    domain: condition === 'clean' ? zoom(reach, 100) : [0, 100],
    format: percent,
  });
}
