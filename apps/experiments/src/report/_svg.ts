// The types of Plot and linkedom are written in those of the DOM.
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { createRequire } from 'node:module';
import * as Plot from '@observablehq/plot';
import { Resvg } from '@resvg/resvg-js';
import { parseHTML } from 'linkedom';
import { escapeHtml } from './_html.js';

/** One picture: an SVG that takes its colours from the page. */
export interface Panel {
  /** Unique in the report. */
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** `<svg …>…</svg>` with a title and a description. */
  readonly svg: string;
}

export interface PanelText {
  id: string;
  /** What a screen reader announces. */
  title: string;
  /** What the picture shows, in words. */
  description: string;
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
    width: options.width,
    height: options.height,
    svg: svg.outerHTML.replace(/^<svg[^>]*>/, (tag) => tag + heading),
  };
}

/** Panels side by side as one picture of its own: colours resolved, white ground. */
export function composePanels(panels: readonly Panel[], { columns = 2, gap = 16, title = '' } = {}): string {
  const across = Math.min(columns, panels.length);
  const cellWidth = Math.max(...panels.map(({ width }) => width)) + gap;
  const rows = Array.from({ length: Math.ceil(panels.length / across) }, (_, row) =>
    panels.slice(row * across, (row + 1) * across),
  );
  const width = cellWidth * across + gap;
  let y = gap;
  const placed: string[] = [];
  for (const row of rows) {
    row.forEach(({ svg }, column) =>
      placed.push(svg.replace(/^<svg/, `<svg x="${gap + column * cellWidth}" y="${y}"`)),
    );
    y += Math.max(...row.map(({ height }) => height)) + gap;
  }
  const whole =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" role="img">` +
    `<title>${escapeHtml(title)}</title><rect width="100%" height="100%" fill="#ffffff"/>${placed.join('')}</svg>`;
  return whole.replace(/var\(--[\w-]+,\s*([^)]+)\)/g, '$1').replaceAll('currentColor', '#1a1a1a');
}

const { resolve } = createRequire(import.meta.url);

/** A composed picture as PNG, twice its size in pixels; the font comes with the package, not from the machine. */
export function toPng(svg: string): Buffer {
  const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) =>
    resolve(`dejavu-fonts-ttf/ttf/${file}`),
  );
  const font = {
    fontFiles,
    loadSystemFonts: false,
    defaultFontFamily: 'DejaVu Sans',
    sansSerifFamily: 'DejaVu Sans',
  };
  return new Resvg(svg, { fitTo: { mode: 'zoom', value: 2 }, font }).render().asPng();
}
