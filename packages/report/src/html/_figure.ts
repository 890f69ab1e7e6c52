import type { Figure } from '../figures/figures.js';
import { rowsOf } from '../plot/svg.js';
import { html, trusted, type Html } from './html.js';

/** A figure on the page: panels, what to look at, the numbers, the command. */
export const figure = (
  { id, caption, panels, columns, csv }: Figure,
  { number, command }: { number: number; command: string },
): Html =>
  html`<figure id="figure-${id}">
    ${rowsOf(panels).map(
      (row, _, rows) =>
        html`<div class="panels by-${columns} ${rows.length > 1 && 'aligned'}">
          ${row.map(({ svg }) => trusted(svg))}
        </div>`,
    )}
    <figcaption>
      <b>Figure ${number}.</b> ${caption}
      <span class="sources"
        ><span class="files"
          >${csvLink(`${id}.csv`, csv)} · <a href="figures/${id}.svg">SVG</a> ·
          <a href="figures/${id}.png">PNG</a> · </span
        >made by <code>${command}</code></span
      >
    </figcaption>
  </figure>`;

/** More than this is linked to, beside the page, rather than carried in it. */
const CARRIED = 50_000;

/** A table of numbers, one click away. */
export const csvLink = (name: string, csv: string): Html =>
  csv.length > CARRIED
    ? html`<a href="tables/${name}">data as CSV</a>`
    : html`<a
        download="${name}"
        href="data:text/csv;charset=utf-8;base64,${Buffer.from(csv).toString('base64')}"
        >data as CSV</a
      >`;
