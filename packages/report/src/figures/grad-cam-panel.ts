import { toCsv } from '../csv.js';
import { escapeHtml } from '../html/html.js';
import { eachRecord } from '../model/benchmarks.js';
import { attackOf, conditionText, type Grid } from '../model/grids.js';
import type { Benchmark } from '../model/summary.js';
import { ink, kindColours, quiet } from '../plot/colours.js';
import { BAR_ENDS, colourBar } from '../plot/heat-colours.js';
import type { Panel } from '../plot/svg.js';
import { sharedInput, type Album, type Picture } from './pictures.js';

const LEFT = 150;
const CELL = 84;
const ROW = 104;
const TOP = 74;
const PICTURE = 72;
const SMALL = (PICTURE - 4) / 2;
const COLUMN_CHARACTERS = 10;

/** A grid as a picture of its own, for the files beside the page. */
export function gradCamPanel({ id, title, columns, rows }: Grid, album: Album): Panel {
  const width = LEFT + CELL * (1 + columns.length) + 16;
  const heights = rows.map((row) => {
    const own = sharedInput(row, album) ? 0 : SMALL + 4;
    const named = row.views.some((view) => view && attackOf(row, view)) ? 12 : 0;
    return ROW + own + named;
  });
  const barAt = TOP + heights.reduce((sum, one) => sum + one, 0) + 6;
  const height = barAt + 30;
  const parts: string[] = [
    text(8, 22, `Grad-CAM: ${title}`, { size: 15, weight: 700 }),
    text(LEFT, TOP - 12, 'input', { fill: quiet }),
    ...columns.map(({ name }, i) => {
      const x = LEFT + CELL * (1 + i);
      const words = wrapped(name.short);
      return words
        .map((word, line) =>
          text(x, TOP - 12 - 14 * (words.length - 1 - line), word, {
            fill: kindColours[name.kind],
            weight: 600,
          }),
        )
        .join('');
    }),
  ];
  rows.forEach((row, r) => {
    const y = TOP + heights.slice(0, r).reduce((sum, one) => sum + one, 0);
    parts.push(text(8, y + 16, `“${row.label}”`, { weight: 600 }));
    parts.push(text(8, y + 33, conditionText(row), { fill: quiet }));
    const shared = sharedInput(row, album);
    if (shared) parts.push(image(LEFT, y, shared));
    else parts.push(text(LEFT, y + 40, 'its own', { fill: quiet }));
    row.views.forEach((view, i) => {
      const x = LEFT + CELL * (1 + i);
      if (!view) return;
      const { predicted, probability } = view.gradCam;
      const isWrong = predicted !== row.label;
      const { heat, input, perturbation } = album.picturesOf(view.stored, view.gradCam);
      parts.push(image(x, y, heat));
      // Under it the model's own input, and the perturbation.
      const own = shared ? [] : [input, ...(perturbation ? [perturbation] : [])];
      parts.push(...own.map((one, i) => image(x + (SMALL + 4) * i, y + PICTURE + 4, one, SMALL)));
      const under = y + PICTURE + 14 + (shared ? 0 : SMALL + 4);
      const by = attackOf(row, view);
      if (by) parts.push(text(x, under + 14, by, { fill: quiet, size: 11 }));
      parts.push(
        text(x, under, `${isWrong ? '✗ ' : ''}${shorten(predicted)} ${Math.round(probability * 100)} %`, {
          fill: isWrong ? 'var(--mark, #8f3a72)' : quiet,
          size: 11,
        }),
      );
    });
  });
  const [least, most] = BAR_ENDS;
  parts.push(
    text(LEFT - 16, barAt + 12, least, { fill: quiet }),
    colourBar(LEFT, barAt, PICTURE, 16),
    text(LEFT + PICTURE + 8, barAt + 12, most, { fill: quiet }),
  );
  const heading = `<title>${escapeHtml(`Grad-CAM: ${title}`)}</title>`;
  return {
    id,
    row: '',
    width,
    height,
    svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" role="img">${heading}${parts.join('')}</svg>`,
  };
}

/** Words in lines of a column's width. */
const wrapped = (words: string): string[] =>
  words.split(' ').reduce<string[]>((lines, word) => {
    const line = lines.at(-1);
    const fits = line !== undefined && line.length + 1 + word.length <= COLUMN_CHARACTERS;
    return fits ? [...lines.slice(0, -1), `${line} ${word}`] : [...lines, word];
  }, []);

const shorten = (label: string): string => (label.length > 8 ? `${label.slice(0, 7)}…` : label);

const image = (x: number, y: number, { uri, missing }: Picture, size = PICTURE): string =>
  uri
    ? `<image x="${x}" y="${y}" width="${size}" height="${size}" preserveAspectRatio="xMidYMid meet" image-rendering="optimizeSpeed" href="${uri}"/>`
    : text(x, y + 40, missing!.replace('picture ', ''), { fill: quiet });

const text = (
  x: number,
  y: number,
  words: string,
  { size = 12, weight = 400, fill = ink }: { size?: number; weight?: number; fill?: string } = {},
): string =>
  `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${fill}">${escapeHtml(words)}</text>`;

/** Every look at every sample, as CSV. */
export const gradCamCsv = (benchmarks: readonly Benchmark[]): string =>
  toCsv({
    columns: [
      ...['dataset', 'variant', 'trial', 'sample', 'condition', 'strength', 'layer', 'label', 'predicted'],
      ...['probability', 'image', 'heatmap'],
    ],
    rows: eachRecord(benchmarks).flatMap(({ title, record: { cell, gradCam } }) =>
      gradCam.map(({ sample, condition, strength, layer, label, predicted, probability, image, heatmap }) => [
        ...[title, cell.variant, cell.trial, sample, condition, strength, layer, label, predicted],
        ...[probability, image, heatmap],
      ]),
    ),
  });
