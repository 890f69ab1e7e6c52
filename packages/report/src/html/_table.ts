import { html, trusted, type Html } from './html.js';

/** A small table that scrolls where it is too wide. Numbers are flush right; the first cell of a row is its heading. */
export const table = (caption: string, head: readonly string[], rows: readonly (readonly string[])[]): Html =>
  html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table class="small">
      <caption>
        <span>${caption}</span>
      </caption>
      <thead>
        <tr>
          ${head.map((column, i) => html`<th scope="col" ${i > 0 && trusted('class="num"')}>${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([first, ...rest]) =>
            html`<tr>
              <th scope="row">${first}</th>
              ${rest.map((cell) => html`<td class="num">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
