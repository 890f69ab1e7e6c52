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
          >${csvLink(`${id}.csv`, csv)} · as a picture: ${fileNamed(`figures/${id}.svg`)}, .png · </span
        >made by <code>${command}</code></span
      >
    </figcaption>
  </figure>`;

/**
 * A file of the report that the page doesn't carry: named, not linked to, because the page is often read without the files
 * that were written beside it. The footer says where they are.
 */
export const fileNamed = (name: string): Html => html`<code>${name}</code>`;

/** More than this is named, as a file beside the page, rather than carried in it. */
const CARRIED = 50_000;

/** A table of numbers: one click away, or the name of its file if it is too large for the page. */
export const csvLink = (name: string, csv: string): Html =>
  csv.length > CARRIED
    ? html`data as CSV: ${fileNamed(`tables/${name}`)}`
    : html`<a
        download="${name}"
        href="data:text/csv;charset=utf-8;base64,${Buffer.from(csv).toString('base64')}"
        >data as CSV</a
      >`;
