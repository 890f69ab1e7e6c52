import * as Plot from '@observablehq/plot';
import type { VariantName } from '../variant-names.js';
import { dodge } from './_end-labels.js';
import { dashes, dots, ground, hairline, ink, kindColours, quiet } from './colours.js';
import { panelOf, type Panel, type PanelText } from './svg.js';

/** One line: a variant's mean, with a band over several trials, or bars over the test images of one. */
export interface Series {
  readonly name: VariantName;
  /** Tells apart the variants of one kind, which share a colour. */
  readonly symbol: string;
  readonly points: readonly {
    x: number;
    y: number;
    sd: number | null;
    /** Over the test images, for a single trial; drawn as a thin bar. */
    interval?: { readonly low: number; readonly high: number } | null;
  }[];
  /** Points to mark; all of them if not given. */
  readonly marked?: readonly { x: number; y: number }[];
  /** Drawn in dots with hollow marks: there is reason not to believe it. */
  readonly isDoubtful?: boolean;
  /** Shown behind the name. */
  readonly remark?: string;
}

export interface LinePanelOptions extends PanelText {
  series: readonly Series[];
  heading: string;
  /** How many trials, in words. */
  note: string;
  /** Explains the looks of the lines, where they differ from other panels. */
  key?: string;
  xLabel: string;
  yLabel: string;
  yDomain: readonly [number, number];
  /** Equal distances are equal factors. */
  isLogarithmic?: boolean;
  xTicks?: readonly number[];
  xFormat?: (x: number) => string;
  /** A strength to mark on the axis. */
  landmark?: { x: number; label: string };
}

const WIDTH = 420;
const HEIGHT = 310;
const MARGIN = { top: 50, bottom: 44, left: 40 };
/** Of the semi-bold names at the lines' ends, at 12 px. */
const CHARACTER_WIDTH = 7;
const LABEL_GAP = 14;

const labelOf = ({ name, remark }: Series): string => (remark ? `${name.short} ${remark}` : name.short);

/** A small multiple: lines with ± one standard deviation over trials, or with bars over test images, labelled at their ends. */
export function linePanel(options: LinePanelOptions): Panel {
  const { series, yDomain, landmark, isLogarithmic } = options;
  const marginRight = 20 + CHARACTER_WIDTH * Math.max(...series.map((one) => labelOf(one).length));
  const xs = series.flatMap(({ points }) => points.map(({ x }) => x));
  const xDomain = [Math.min(...xs), Math.max(...xs)];
  if (xDomain[0] === xDomain[1]) xDomain[1] += 1;
  const ticks = isLogarithmic ? logarithmicTicks(yDomain) : 5;
  return panelOf(
    {
      width: WIDTH,
      height: HEIGHT,
      marginTop: MARGIN.top,
      marginRight,
      marginBottom: MARGIN.bottom,
      marginLeft: MARGIN.left,
      style: { fontSize: '12px', background: 'none', color: quiet, overflow: 'visible' },
      x: { domain: xDomain, axis: null },
      y: { domain: [...yDomain], axis: null, clamp: true, type: isLogarithmic ? 'log' : 'linear' },
      marks: [
        Plot.gridY({ stroke: hairline, strokeOpacity: 1, ticks }),
        Plot.axisY({
          ticks,
          tickSize: 0,
          label: null,
          fill: quiet,
          fontSize: 12,
          ...(isLogarithmic && { tickFormat: (y: number) => String(Number(y.toPrecision(2))) }),
        }),
        Plot.axisX({
          ...(options.xTicks && { ticks: [...options.xTicks] }),
          ...(options.xFormat && { tickFormat: options.xFormat }),
          tickSize: 4,
          label: null,
          stroke: hairline,
          fill: quiet,
          fontSize: 12,
        }),
        headings(options),
        landmark ? mark(landmark) : null,
        ...series.flatMap(lineOf),
        endLabels(options, xDomain, marginRight),
      ],
    },
    options,
  );
}

/** Round numbers on a logarithmic axis: the fewest of each decade that make at least three. */
function logarithmicTicks([low, high]: readonly [number, number]): number[] {
  const decades = Array.from(
    { length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, i) => 10 ** (Math.floor(Math.log10(low)) + i),
  );
  const choices = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7], [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9]];
  const ticksOf = (factors: readonly number[]) =>
    decades
      .flatMap((decade) => factors.map((factor) => Number((decade * factor).toPrecision(3))))
      .filter((tick) => tick >= low && tick <= high);
  return choices.map(ticksOf).find(({ length }) => length >= 3) ?? ticksOf(choices[choices.length - 1]);
}

function headings({ heading, note, key, xLabel, yLabel }: LinePanelOptions) {
  const at = (text: string, options: Plot.TextOptions) =>
    Plot.text([text], { text: (line: string) => line, fontSize: 12, fill: quiet, ...options });
  return [
    at(heading, {
      frameAnchor: 'top-left',
      dx: -MARGIN.left + 2,
      dy: -MARGIN.top + 12,
      fontSize: 14,
      fontWeight: 'bold',
      fill: ink,
    }),
    at(note, { frameAnchor: 'top-right', dy: -MARGIN.top + 12 }),
    ...(key ? [at(key, { frameAnchor: 'bottom-left', dx: -MARGIN.left + 2, dy: 38 })] : []),
    at(yLabel, { frameAnchor: 'top-left', dx: -MARGIN.left + 2, dy: -MARGIN.top + 30 }),
    at(xLabel, { frameAnchor: 'bottom-right', dy: 38 }),
  ];
}

const mark = ({ x, label }: { x: number; label: string }) => [
  Plot.ruleX([x], { stroke: quiet, strokeDasharray: '2 3' }),
  Plot.text([label], {
    x: () => x,
    text: (text: string) => text,
    frameAnchor: 'top-left',
    dx: 5,
    dy: 5,
    fontSize: 11,
    fill: quiet,
  }),
];

function lineOf({ name, symbol, points, marked = points, isDoubtful }: Series) {
  const colour = kindColours[name.kind];
  const banded = points.filter(({ sd }) => sd !== null);
  const barred = points.filter(({ interval }) => interval);
  return [
    banded.length > 1
      ? Plot.areaY(banded, {
          x: 'x',
          y1: (p: Point) => p.y - p.sd!,
          y2: (p: Point) => p.y + p.sd!,
          fill: colour,
          fillOpacity: 0.14,
        })
      : null,
    barred.length > 0
      ? Plot.ruleX(barred, {
          x: 'x',
          y1: (p: Point) => p.interval!.low,
          y2: (p: Point) => p.interval!.high,
          stroke: colour,
          strokeWidth: 1,
          strokeOpacity: 0.6,
        })
      : null,
    Plot.line(points, {
      x: 'x',
      y: 'y',
      stroke: colour,
      strokeWidth: 2,
      ...(name.alternating && { strokeDasharray: dashes }),
      ...(isDoubtful && { strokeDasharray: dots }),
    }),
    Plot.dot(marked, {
      x: 'x',
      y: 'y',
      symbol: symbol as never,
      ...(isDoubtful ? { stroke: colour, strokeWidth: 1.5, fill: ground } : { fill: colour }),
      r: points.length > 20 ? 2 : 3,
    }),
  ];
}

type Point = Series['points'][number];

/** The names at the lines' ends, moved apart where they would overlap, with a hairline back to the line. */
function endLabels(
  { series, yDomain, isLogarithmic }: LinePanelOptions,
  xDomain: readonly number[],
  marginRight: number,
) {
  const scale = isLogarithmic ? Math.log10 : (y: number) => y;
  const value = isLogarithmic ? (y: number) => 10 ** y : (y: number) => y;
  const [low, high] = yDomain.map(scale);
  const unitsY = (high - low) / (HEIGHT - MARGIN.top - MARGIN.bottom);
  const unitsX = (xDomain[1] - xDomain[0]) / (WIDTH - MARGIN.left - marginRight);
  const ends = series.map(({ points }) => {
    const { x, y } = points.at(-1)!;
    return { x, y: Math.min(Math.max(scale(y), low), high) };
  });
  const at = dodge(
    ends.map(({ y }) => y),
    { gap: LABEL_GAP * unitsY, low, high },
  );
  return series.map((one, i) => {
    const { x, y } = ends[i];
    const colour = kindColours[one.name.kind];
    const label = { x: () => xDomain[1] + 12 * unitsX, y: () => value(at[i]), fill: colour };
    return [
      Plot.link([0], {
        x1: x + 5 * unitsX,
        y1: value(y),
        x2: xDomain[1] + 10 * unitsX,
        y2: value(at[i]),
        stroke: colour,
        strokeOpacity: 0.5,
      }),
      Plot.text([labelOf(one)], {
        ...label,
        text: (text: string) => text,
        textAnchor: 'start',
        fontSize: 12,
        fontWeight: 600,
      }),
    ];
  });
}
