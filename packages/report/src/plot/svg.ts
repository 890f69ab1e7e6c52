// The types of Plot and linkedom are written in those of the DOM.
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { createRequire } from 'node:module';
import * as Plot from '@observablehq/plot';
import { Resvg } from '@resvg/resvg-js';
import { parseHTML } from 'linkedom';
import { plain } from '../format.js';
import { groupBy } from '../group-by.js';
import { escapeHtml } from '../html/html.js';

/** One picture: an SVG that takes its colours from the page. */
export interface Panel {
  /** Unique in the report. */
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** `<svg …>…</svg>` with a title and a description. */
  readonly svg: string;
  /** Panels of the same row are side by side; a new row begins a new line. */
  readonly row: string;
}

/** Panels in their rows. */
export const rowsOf = (panels: readonly Panel[]): Panel[][] => [
  ...groupBy(panels, ({ row }) => row).values(),
];

export interface PanelText {
  id: string;
  /** Announced by a screen reader. */
  title: string;
  /** The picture in words. */
  description: string;
  /** Panels with the same value are in one row; all are if it is not given. */
  row?: string;
}

/** Plot's chart as a string: without its style sheet, with namespace, fonts and a text alternative. */
export function panelOf(
  options: Plot.PlotOptions & { width: number; height: number },
  text: PanelText,
): Panel {
  const { document } = parseHTML('<html><body></body></html>');
  const svg = Plot.plot({
    ...options,
    document: document,
    className: 'plot',
  }) as SVGElement;
  for (const style of svg.querySelectorAll('style')) style.remove();
  // Screen readers get the title and the description, not every tick.
  for (const labelled of svg.querySelectorAll('[aria-label]')) labelled.removeAttribute('aria-label');
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  svg.removeAttribute('xmlns:xlink');
  svg.setAttribute('font-family', 'system-ui, sans-serif');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-labelledby', `${text.id}-title ${text.id}-desc`);
  const { id } = text;
  const heading = `<title id="${id}-title">${escapeHtml(text.title)}</title><desc id="${id}-desc">${escapeHtml(text.description)}</desc>`;
  return {
    id,
    row: text.row ?? '',
    width: options.width,
    height: options.height,
    svg: plain(svg.outerHTML)
      .replaceAll(/<[^>]*>/g, rounded)
      .replace(/^<svg[^>]*>/, (tag) => tag + heading),
  };
}

/** A tag whose coordinates are tenths of a pixel: half the size, the same picture. */
const rounded = (tag: string): string =>
  tag.replaceAll(/-?\d+\.\d{3,}/g, (value) => String(Number(Number(value).toFixed(1))));

/** Panels side by side as one picture of its own: colours resolved, white ground. */
export function composePanels(panels: readonly Panel[], { columns = 2, gap = 16, title = '' } = {}): string {
  const lines = rowsOf(panels).flatMap((row) =>
    Array.from({ length: Math.ceil(row.length / columns) }, (_, line) =>
      row.slice(line * columns, (line + 1) * columns),
    ),
  );
  const across = Math.max(...lines.map(({ length }) => length));
  const cellWidth = Math.max(...panels.map(({ width }) => width)) + gap;
  const width = cellWidth * across + gap;
  let y = gap;
  const placed: string[] = [];
  for (const line of lines) {
    line.forEach(({ svg }, column) =>
      placed.push(svg.replace(/^<svg/, `<svg x="${gap + column * cellWidth}" y="${y}"`)),
    );
    y += Math.max(...line.map(({ height }) => height)) + gap;
  }
  const whole =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" role="img">` +
    `<title>${escapeHtml(title)}</title><rect width="100%" height="100%" fill="#ffffff"/>${placed.join('')}</svg>`;
  return whole.replace(/var\(--[\w-]+,\s*([^)]+)\)/g, '$1').replaceAll('currentColor', '#1a1a1a');
}

const { resolve } = createRequire(import.meta.url);

/** Pixels of a picture: more would take gigabytes to draw. */
const MOST_PIXELS = 2e7;

/**
 * A composed picture as PNG, twice its size in pixels, or less if that would be too large; the font comes with the package, not
 * from the machine.
 */
export function toPng(svg: string): Buffer {
  const [, width = '1', height = '1'] = /^<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  const zoom = Math.min(2, Math.sqrt(MOST_PIXELS / (Number(width) * Number(height))));
  const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) =>
    resolve(`dejavu-fonts-ttf/ttf/${file}`),
  );
  const font = {
    fontFiles,
    loadSystemFonts: false,
    defaultFontFamily: 'DejaVu Sans',
    sansSerifFamily: 'DejaVu Sans',
  };
  return new Resvg(svg, { fitTo: { mode: 'zoom', value: zoom }, font }).render().asPng();
}
