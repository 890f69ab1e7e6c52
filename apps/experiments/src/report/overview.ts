import * as Plot from '@observablehq/plot';
import { hairline, ink, kindColours, paperMark, quiet } from './_colours.js';
import { panelOf, type Panel } from './_svg.js';
import { byArchitecture, symbolOf, trialsNote } from './_series.js';
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

const WIDTH = 360;
const ROW = 26;
const MARGIN = { top: 44, right: 56, bottom: 30 };
/** Of the semi-bold names, at 12 px. */
const CHARACTER_WIDTH = 7;

/** The answer in one picture: each variant's error, clean, under noise, under attack. */
export function overviewPanels(benchmarks: readonly Benchmark[]): Panel[] {
  return byArchitecture(benchmarks).flatMap(({ benchmark, architecture, variants }) =>
    (['clean', 'noise', 'fgsm'] as const).flatMap((condition) => {
      const shown = variants.filter((variant) => errorUnder(variant, condition));
      return shown.length > 0 ? [dotPanel(benchmark, architecture, shown, condition)] : [];
    }),
  );
}

function dotPanel(
  benchmark: Benchmark,
  architecture: string,
  variants: readonly VariantSummary[],
  condition: Condition,
): Panel {
  const rows = variants.map((variant, i) => ({
    variant,
    label: variant.name.short,
    colour: kindColours[variant.name.kind],
    symbol: symbolOf(variants, variant, i),
    error: errorUnder(variant, condition)!,
    paper: condition === 'clean' && variant.paper?.difference !== null ? variant.paper?.row : undefined,
  }));
  const under = conditionLabel(benchmark, condition);
  const reach = rows.flatMap(({ error, paper }) => [
    ...[error.mean - (error.sd ?? 0), error.mean + (error.sd ?? 0), ...error.values],
    ...(paper ? [paper.testErrorPercent - paper.plusMinus, paper.testErrorPercent + paper.plusMinus] : []),
  ]);
  const domain = condition === 'clean' ? zoom(reach) : [0, 100];
  const marginLeft = 16 + CHARACTER_WIDTH * Math.max(...rows.map(({ label }) => label.length));
  const height = MARGIN.top + MARGIN.bottom + rows.length * ROW;
  const heading = { fill: ink, fontSize: 13, fontWeight: 'bold', frameAnchor: 'top-left' } as const;
  type Row = (typeof rows)[number];
  const y = (row: Row) => row.label;
  const mean = (row: Row) => row.error.mean;
  return panelOf(
    {
      width: WIDTH,
      height,
      marginTop: MARGIN.top,
      marginRight: MARGIN.right,
      marginBottom: MARGIN.bottom,
      marginLeft,
      style: { fontSize: '12px', background: 'none', color: quiet, overflow: 'visible' },
      x: { domain, axis: null },
      y: { type: 'band', domain: rows.map(y), axis: null },
      marks: [
        Plot.gridX({ stroke: hairline, strokeOpacity: 1, ticks: 4 }),
        Plot.axisX({ ticks: 4, tickSize: 0, label: null, fill: quiet, fontSize: 11 }),
        Plot.text([`${architectureName(architecture)} · ${benchmark.title}`], {
          text: same,
          ...heading,
          dx: 2 - marginLeft,
          dy: 12 - MARGIN.top,
        }),
        Plot.text([`error %, ${under}`], {
          text: same,
          ...heading,
          fontWeight: 'normal',
          fontSize: 12,
          fill: quiet,
          dx: 2 - marginLeft,
          dy: 29 - MARGIN.top,
        }),
        Plot.text([trialsNote(variants).replace(', no band', '')], {
          text: same,
          frameAnchor: 'top-right',
          fontSize: 12,
          fill: quiet,
          dx: MARGIN.right - 2,
          dy: 12 - MARGIN.top,
        }),
        Plot.text(rows, {
          y,
          text: 'label',
          frameAnchor: 'left',
          dx: 2 - marginLeft,
          fill: (row: Row) => row.colour,
          fontSize: 12,
          fontWeight: 600,
        }),
        ...rows.flatMap((row) => [
          row.paper
            ? [
                Plot.ruleY([row], {
                  y,
                  x1: row.paper.testErrorPercent - row.paper.plusMinus,
                  x2: row.paper.testErrorPercent + row.paper.plusMinus,
                  stroke: paperMark,
                  strokeWidth: 15,
                  strokeOpacity: 0.28,
                }),
                Plot.tickX([row], {
                  y,
                  x: row.paper.testErrorPercent,
                  stroke: paperMark,
                  strokeWidth: 1.5,
                  insetTop: 3,
                  insetBottom: 3,
                }),
              ]
            : null,
          row.error.sd !== null
            ? Plot.ruleY([row], {
                y,
                x1: row.error.mean - row.error.sd,
                x2: row.error.mean + row.error.sd,
                stroke: row.colour,
                strokeWidth: 2,
              })
            : null,
          row.error.n > 1
            ? Plot.dot(row.error.values, {
                x: same,
                y: () => row.label,
                r: 2.2,
                stroke: row.colour,
                strokeOpacity: 0.6,
                strokeWidth: 1,
              })
            : null,
          Plot.dot([row], { x: mean, y, symbol: row.symbol as never, r: 4.5, fill: row.colour }),
        ]),
        Plot.text(rows, {
          y,
          text: (row: Row) => percent(row.error.mean),
          frameAnchor: 'right',
          dx: MARGIN.right - 2,
          textAnchor: 'end',
          fill: ink,
          fontSize: 12,
          fontVariant: 'tabular-nums',
        }),
      ],
    },
    {
      id: `overview-${benchmark.id}-${architecture}-${condition}`,
      title: `${architectureName(architecture)} on ${benchmark.title}: test error, ${under}`,
      description: `Mean test error of each variant: ${list(rows.map((row) => `${row.label} ${percent(row.error.mean)} %`))}.`,
    },
  );
}

/** An axis that fits the values with some air; from 0 if that is near. */
function zoom(values: readonly number[]): [number, number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const air = Math.max((most - least) * 0.12, 0.02);
  const low = least - air < most / 3 ? 0 : least - air;
  return [low, Math.min(100, most + air)];
}

const same = <T>(value: T): T => value;
