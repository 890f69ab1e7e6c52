import type { ShownNetwork } from '@weightmap/core';
import { svg, type TemplateResult } from 'lit-html';
import type { CurvePoint } from '../engine/protocol.js';

/** A network's curve. */
export interface Line {
  readonly network: ShownNetwork;
  /** Those that were measured. */
  readonly points: readonly CurvePoint[];
}

const SIZE = { width: 460, height: 290 };
const MARGIN = { top: 30, right: 14, bottom: 46, left: 46 };
/** Between the marks of two networks at one strength, so that their bars can be told apart. */
const APART = 3;
const SHAPES = ['circle', 'square', 'triangle', 'diamond'] as const;

/** Tells apart the networks of one kind, which share a colour. */
export type Shape = (typeof SHAPES)[number];
export const shapeOf = (place: number): Shape => SHAPES[place % SHAPES.length];

/** The error of a point, in percent. */
export const errorOf = ({ wrong, count }: CurvePoint): number => (100 * wrong) / count;

/** Places a point in the chart. */
export function placesIn(largest: number) {
  return {
    x: (strength: number) => MARGIN.left + (strength / largest) * (SIZE.width - MARGIN.left - MARGIN.right),
    y: (percent: number) =>
      SIZE.height - MARGIN.bottom - (percent / 100) * (SIZE.height - MARGIN.top - MARGIN.bottom),
  };
}

/** Error against strength, a line a network, with bars for 95 % intervals, and the strength of the slider. */
export function curveChart(
  lines: readonly Line[],
  {
    largest,
    strength,
    axis,
    title,
  }: {
    readonly largest: number;
    readonly strength: number;
    readonly axis: string;
    readonly title: string;
  },
): TemplateResult {
  const { x, y } = placesIn(largest);
  const [left, right, bottom] = [x(0), x(largest), y(0)];
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * largest);
  return svg`<svg class="chart" viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label=${title}>
    ${[0, 25, 50, 75, 100].map(
      (percent) => svg`<line class="grid" x1=${left} x2=${right} y1=${y(percent)} y2=${y(percent)} />
        <text class="tick" x=${left - 6} y=${y(percent) + 4} text-anchor="end">${percent}</text>`,
    )}
    ${ticks.map(
      (tick) =>
        svg`<text class="tick" x=${x(tick)} y=${bottom + 17} text-anchor="middle">${Number(tick.toPrecision(3))}</text>`,
    )}
    <text class="tick" x=${right} y=${bottom + 36} text-anchor="end">${axis}</text>
    <text class="tick" x="0" y="12">test error, %</text>
    <line class="now" x1=${x(strength)} x2=${x(strength)} y1=${y(100)} y2=${bottom} />
    ${lines.map((line, place) =>
      lineOf(line, shapeOf(place), { x: (at) => x(at) + APART * (place - (lines.length - 1) / 2), y }),
    )}
  </svg>`;
}

function lineOf(
  { network: { kind, defense }, points }: Line,
  shape: Shape,
  { x, y }: ReturnType<typeof placesIn>,
): TemplateResult {
  const at = points.map((point) => [x(point.strength), y(errorOf(point))] as const);
  return svg`<g class="line ${kind} ${defense ? 'defended' : ''}">
    ${points.map(
      ({ strength, interval: [low, high] }) =>
        svg`<line class="interval" x1=${x(strength)} x2=${x(strength)} y1=${y(low)} y2=${y(high)} />`,
    )}
    <polyline points=${at.map((place) => place.join()).join(' ')} />
    ${at.map(([cx, cy]) => mark(shape, cx, cy))}
  </g>`;
}

/** A mark around a place. */
export function mark(shape: Shape, x: number, y: number): TemplateResult {
  if (shape === 'circle') return svg`<circle cx=${x} cy=${y} r="3.5" />`;
  const corners: Record<Exclude<Shape, 'circle'>, [number, number][]> = {
    square: [
      [-3.2, -3.2],
      [3.2, -3.2],
      [3.2, 3.2],
      [-3.2, 3.2],
    ],
    triangle: [
      [0, -4.4],
      [4.2, 3.4],
      [-4.2, 3.4],
    ],
    diamond: [
      [0, -4.8],
      [4.4, 0],
      [0, 4.8],
      [-4.4, 0],
    ],
  };
  return svg`<polygon points=${corners[shape].map(([dx, dy]) => `${x + dx},${y + dy}`).join(' ')} />`;
}
