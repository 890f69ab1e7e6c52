import * as Plot from '@observablehq/plot';
import type { Spread } from '../model/statistics.js';
import type { VariantName } from '../variant-names.js';
import { hairline, ink, kindColours, paperMark, quiet } from './colours.js';
import { panelOf, type Panel, type PanelText } from './svg.js';

/** One of the figures in a row: filled for the figure that the row is about, a ring or a cross for others beside it. */
export interface DotFigure {
  readonly value: Spread;
  /** Over the test images, for a single trial; drawn as a thin bar. */
  readonly interval?: { readonly low: number; readonly high: number } | null;
  readonly mark: 'filled' | 'ring' | 'cross';
}

/** One variant: its name at the left, its figures on the axis, the first one in digits at the right. */
export interface DotRow {
  readonly name: VariantName;
  readonly symbol: string;
  readonly figures: readonly [DotFigure, ...DotFigure[]];
  /** A published value with its deviation, drawn in gray behind. */
  readonly reference?: { readonly value: number; readonly plusMinus: number };
}

export interface DotPanelOptions extends PanelText {
  rows: readonly DotRow[];
  heading: string;
  /** The quantity on the axis. */
  under: string;
  /** How many trials, in words. */
  note: string;
  domain: readonly [number, number];
  /** The digits at the right. */
  format: (value: number) => string;
}

const WIDTH = 360;
const ROW = 26;
const MARGIN = { top: 44, right: 56, bottom: 30 };
/** Of the semi-bold names, at 12 px. */
const CHARACTER_WIDTH = 7;

/**
 * A row for each variant: means as marks, ± one standard deviation over trials as a thick bar, the trials as small rings; the
 * interval over test images of a single trial as a thin bar with ends.
 */
export function dotPanel({ rows, heading, under, note, domain, format, ...text }: DotPanelOptions): Panel {
  const marginLeft = 16 + CHARACTER_WIDTH * Math.max(...rows.map(({ name }) => name.short.length));
  const label = ({ name }: DotRow) => name.short;
  const title = { fill: ink, fontSize: 13, fontWeight: 'bold', frameAnchor: 'top-left' } as const;
  return panelOf(
    {
      width: WIDTH,
      height: MARGIN.top + MARGIN.bottom + rows.length * ROW,
      marginTop: MARGIN.top,
      marginRight: MARGIN.right,
      marginBottom: MARGIN.bottom,
      marginLeft,
      style: { fontSize: '12px', background: 'none', color: quiet, overflow: 'visible' },
      x: { domain: [...domain], axis: null, clamp: true },
      y: { type: 'band', domain: rows.map(label), axis: null },
      marks: [
        Plot.gridX({ stroke: hairline, strokeOpacity: 1, ticks: 4 }),
        Plot.axisX({ ticks: 4, tickSize: 0, label: null, fill: quiet, fontSize: 11 }),
        Plot.text([heading], { text: same, ...title, dx: 2 - marginLeft, dy: 12 - MARGIN.top }),
        Plot.text([under], {
          text: same,
          ...title,
          fontWeight: 'normal',
          fontSize: 12,
          fill: quiet,
          dx: 2 - marginLeft,
          dy: 29 - MARGIN.top,
        }),
        Plot.text([note], {
          text: same,
          frameAnchor: 'top-right',
          fontSize: 12,
          fill: quiet,
          dx: MARGIN.right - 2,
          dy: 12 - MARGIN.top,
        }),
        Plot.text(rows, {
          y: label,
          text: label,
          frameAnchor: 'left',
          dx: 2 - marginLeft,
          fill: ({ name }: DotRow) => kindColours[name.kind],
          fontSize: 12,
          fontWeight: 600,
        }),
        ...rows.flatMap(rowMarks),
        Plot.text(rows, {
          y: label,
          text: ({ figures: [first] }: DotRow) => format(first.value.mean),
          frameAnchor: 'right',
          dx: MARGIN.right - 2,
          textAnchor: 'end',
          fill: ink,
          fontSize: 12,
          fontVariant: 'tabular-nums',
        }),
      ],
    },
    text,
  );
}

function rowMarks({ name, symbol, figures, reference }: DotRow) {
  const y = () => name.short;
  const colour = kindColours[name.kind];
  const [{ value: first, interval }] = figures;
  return [
    reference
      ? [
          Plot.ruleY([reference], {
            y,
            x1: reference.value - reference.plusMinus,
            x2: reference.value + reference.plusMinus,
            stroke: paperMark,
            strokeWidth: 15,
            strokeOpacity: 0.28,
          }),
          Plot.tickX([reference], {
            y,
            x: reference.value,
            stroke: paperMark,
            strokeWidth: 1.5,
            insetTop: 3,
            insetBottom: 3,
          }),
        ]
      : null,
    first.sd !== null
      ? Plot.ruleY([first], {
          y,
          x1: first.mean - first.sd,
          x2: first.mean + first.sd,
          stroke: colour,
          strokeWidth: 2,
        })
      : null,
    ...(interval ? imageBar(interval, { y, stroke: colour }) : []),
    // The trials, where nothing else is drawn beside the mean.
    first.n > 1 && figures.length === 1
      ? Plot.dot(first.values, {
          x: same,
          y,
          r: 2.2,
          stroke: colour,
          strokeOpacity: 0.6,
          strokeWidth: 1,
        })
      : null,
    ...figures.map(({ value: { mean }, mark }) => {
      const place = { x: () => mean, y };
      if (mark === 'filled')
        return Plot.dot([0], { ...place, symbol: symbol as never, r: 4.5, fill: colour });
      const looks = mark === 'ring' ? { r: 4 } : { r: 3.5, symbol: 'times' as const };
      return Plot.dot([0], { ...place, ...looks, stroke: colour, strokeWidth: 1.5 });
    }),
  ];
}

/** Thin, with ends: unlike the bar of a deviation over trials. */
const imageBar = (
  { low, high }: { readonly low: number; readonly high: number },
  { y, stroke }: { y: () => string; stroke: string },
) => [
  Plot.ruleY([0], { y, x1: low, x2: high, stroke, strokeWidth: 1 }),
  ...[low, high].map((end) => Plot.tickX([0], { y, x: end, stroke, insetTop: 9, insetBottom: 9 })),
];

/** An axis that fits the values with some air; from 0 if that is near. */
export function zoom(values: readonly number[], most = Number.POSITIVE_INFINITY): [number, number] {
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  const air = Math.max((greatest - least) * 0.12, 0.02);
  const low = least - air < greatest / 3 ? 0 : least - air;
  return [low, Math.min(most, greatest + air)];
}

const same = <T>(value: T): T => value;
