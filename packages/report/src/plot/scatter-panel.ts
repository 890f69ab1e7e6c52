import * as Plot from '@observablehq/plot';
import type { LayerKind } from '@weightmap/core';
import { ground, hairline, ink, kindColours, quiet } from './colours.js';
import { panelOf, type Panel, type PanelText } from './svg.js';

/** A mark, with a hollow one above or below it that a line joins. */
export interface ScatterPoint {
  readonly label: string;
  /** Decides the colour. */
  readonly kind: LayerKind;
  readonly symbol: string;
  readonly x: number;
  /** Of the filled mark; null if there is only the hollow one. */
  readonly y: number | null;
  /** Of the hollow mark; null if there is none. */
  readonly other: number | null;
  /** Of the filled mark, drawn as a thin bar. */
  readonly interval?: { readonly low: number; readonly high: number } | null;
  /** Larger and with a bold label: what the others are compared with. */
  readonly isReference: boolean;
}

export interface ScatterPanelOptions extends PanelText {
  points: readonly ScatterPoint[];
  heading: string;
  /** Explains the marks. */
  key: string;
  xLabel: string;
  yLabel: string;
  yDomain: readonly [number, number];
}

const WIDTH = 420;
const HEIGHT = 430;
const MARGIN = { top: 98, right: 16, bottom: 44, left: 40 };
/** Smaller values are drawn here. */
const LEAST_X = 0.1;
const TICKS = [0.1, 0.2, 0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 80];
/** Of labels at 11 px. */
const [CHARACTER_WIDTH, LINE_HEIGHT] = [6.4, 12];

/** Marks in a plane, on a logarithmic x axis, with a label beside each. */
export function scatterPanel(options: ScatterPanelOptions): Panel {
  const { points, heading, key, xLabel, yLabel, yDomain } = options;
  const shown = points.map(({ x }) => placeOf(x));
  const domain: [number, number] = [Math.min(...shown) / 1.25, Math.max(...shown) * 1.25];
  const scale = scaleOf(domain, yDomain);
  const ticks = TICKS.filter((tick) => tick >= domain[0] && tick <= domain[1]);
  const words = (text: string, more: Plot.TextOptions) =>
    Plot.text([text], { text: (line: string) => line, fontSize: 12, fill: quiet, ...more });
  const at = { dx: 2 - MARGIN.left, frameAnchor: 'top-left' } as const;
  return panelOf(
    {
      width: WIDTH,
      height: HEIGHT,
      marginTop: MARGIN.top,
      marginRight: MARGIN.right,
      marginBottom: MARGIN.bottom,
      marginLeft: MARGIN.left,
      style: { fontSize: '12px', background: 'none', color: quiet, overflow: 'visible' },
      x: { domain, axis: null, type: 'log' },
      y: { domain: [...yDomain], axis: null },
      marks: [
        Plot.gridY({ stroke: hairline, strokeOpacity: 1, ticks: 5 }),
        Plot.gridX(ticks, { stroke: hairline, strokeOpacity: 0.6 }),
        Plot.axisY({ ticks: 5, tickSize: 0, label: null, fill: quiet, fontSize: 12 }),
        Plot.axisX({ ticks, tickFormat: String, tickSize: 0, label: null, fill: quiet, fontSize: 12 }),
        words(heading, { ...at, dy: 12 - MARGIN.top, fontSize: 14, fontWeight: 'bold', fill: ink }),
        words(key, { ...at, dy: 30 - MARGIN.top }),
        words(yLabel, { ...at, dy: 48 - MARGIN.top }),
        words(xLabel, { frameAnchor: 'bottom-right', dy: 38 }),
        ...points.flatMap(marksOf),
        ...labelsOf(points, scale),
      ],
    },
    options,
  );
}

/** Where a value lies on the axis, which is logarithmic. */
const placeOf = (x: number): number => Math.max(x, LEAST_X);

/** Values to pixels and back. */
function scaleOf([left, right]: readonly [number, number], [low, high]: readonly [number, number]) {
  const [width, height] = [WIDTH - MARGIN.left - MARGIN.right, HEIGHT - MARGIN.top - MARGIN.bottom];
  return {
    x: (x: number) => MARGIN.left + (Math.log(placeOf(x) / left) / Math.log(right / left)) * width,
    y: (y: number) => MARGIN.top + ((high - y) / (high - low)) * height,
    xAt: (pixel: number) => left * (right / left) ** ((pixel - MARGIN.left) / width),
    yAt: (pixel: number) => high - ((pixel - MARGIN.top) / height) * (high - low),
  };
}

function marksOf({ kind, symbol, x: value, y, other, interval, isReference }: ScatterPoint) {
  const x = placeOf(value);
  const stroke = kindColours[kind];
  const place = { x: () => x, symbol: symbol as never, r: isReference ? 6 : 4.5 };
  return [
    y !== null && other !== null
      ? Plot.link([0], { x1: x, x2: x, y1: y, y2: other, stroke, strokeWidth: 1.2, strokeOpacity: 0.55 })
      : null,
    y !== null && interval
      ? Plot.ruleX([0], {
          x: () => x,
          y1: interval.low,
          y2: interval.high,
          stroke,
          strokeWidth: 3,
          strokeOpacity: 0.3,
        })
      : null,
    other !== null
      ? Plot.dot([0], { ...place, y: () => other, stroke, strokeWidth: 1.5, fill: ground })
      : null,
    y !== null
      ? Plot.dot([0], { ...place, y: () => y, fill: stroke, stroke: ground, strokeWidth: 0.8 })
      : null,
  ];
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const overlap = (a: Box, b: Box): number =>
  Math.max(0, Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top));

/** Each label at the place around its mark where it covers least; a hairline leads back to a mark that is farther away. */
function labelsOf(points: readonly ScatterPoint[], scale: ReturnType<typeof scaleOf>) {
  const around = (x: number, y: number): Box => ({ left: x - 5, top: y - 5, width: 10, height: 10 });
  const taken = points.flatMap(({ x, y, other }) =>
    [y, other].flatMap((at) => (at === null ? [] : [around(scale.x(x), scale.y(at))])),
  );
  return points.flatMap(({ label, kind, x, y, other, isReference }) => {
    const value = y ?? other;
    if (value === null) return [];
    const [markX, markY] = [scale.x(x), scale.y(value)];
    const width = label.length * CHARACTER_WIDTH;
    const places = [12, 22, 34, 48, 64].flatMap((radius) =>
      [0, 45, -45, 90, -90, 135, -135, 180].map((degrees) => {
        const [side, rise] = [Math.cos((degrees / 180) * Math.PI), Math.sin((degrees / 180) * Math.PI)];
        const centre = { x: markX + side * (radius + width / 2 - 4), y: markY - rise * radius };
        const box = {
          left: centre.x - width / 2,
          top: centre.y - LINE_HEIGHT / 2,
          width,
          height: LINE_HEIGHT,
        };
        const outside =
          Math.max(0, MARGIN.left - box.left) +
          Math.max(0, box.left + width - WIDTH) +
          Math.max(0, box.top + LINE_HEIGHT - (HEIGHT - MARGIN.bottom + 12)) +
          Math.max(0, MARGIN.top - 40 - box.top);
        const covered = taken.reduce((sum, other) => sum + overlap(box, other), 0);
        return { ...centre, radius, box, cost: covered + 20 * outside + radius / 8 };
      }),
    );
    const best = places.reduce((least, place) => (place.cost < least.cost ? place : least));
    taken.push(best.box);
    const fill = kindColours[kind];
    const shift = { frameAnchor: 'top-left', dx: best.x - MARGIN.left, dy: best.y - MARGIN.top } as const;
    return [
      best.radius > 12
        ? Plot.link([0], {
            ...{ x1: placeOf(x), y1: value, x2: scale.xAt(best.x), y2: scale.yAt(best.y) },
            ...{ stroke: fill, strokeOpacity: 0.4 },
          })
        : null,
      Plot.text([label], {
        ...{ ...shift, text: (text: string) => text, textAnchor: 'middle', lineAnchor: 'middle' },
        ...{ fontSize: 11, fontWeight: isReference ? 700 : 600, fill, stroke: ground, strokeWidth: 3 },
      }),
    ];
  });
}
