import { sharedInput, type Album, type Picture } from '../figures/pictures.js';
import { PERCENT } from '../format.js';
import { attackOf, conditionText, type Grid, type GridRow } from '../model/grids.js';
import { BAR_ENDS, colourBar } from '../plot/heat-colours.js';
import { html, trusted, type Html } from './html.js';

/** The colours of the maps, from nothing to the largest value. */
export const heatLegend = (): Html => {
  const [least, most] = BAR_ENDS;
  const bar = `<svg viewBox="0 0 160 20" role="img" aria-label="Colours from dark to bright">${colourBar(0, 0, 160, 20)}</svg>`;
  return html`<div class="colour-bar">
    <span>${least}</span>${trusted(bar)}<span>${most} (upper half: over black; lower half: over white)</span>
  </div>`;
};

/** Inputs and Grad-CAM on the page. */
export const gradCamTable = ({ title, columns, rows }: Grid, album: Album): Html =>
  html`<div class="scroll" role="region" aria-label="Grad-CAM, ${title}" tabindex="0">
    <table class="pictures">
      <caption>
        <span><b>${title}.</b> Grad-CAM of the predicted class, over the input of each model.</span>
      </caption>
      <thead>
        <tr>
          <th scope="col">Image</th>
          <th scope="col">Input</th>
          ${columns.map(({ name }) => html`<th scope="col"><span class="key ${name.kind} ${name.alternating && 'alternating'}" aria-hidden="true"></span>${name.short}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row, i) => gridRow(row, album, rows[i - 1]?.sample !== row.sample))}
      </tbody>
    </table>
  </div>`;

function gridRow(row: GridRow, album: Album, isFirst: boolean): Html {
  const { sample, label, views } = row;
  const under = conditionText(row);
  const shared = sharedInput(row, album);
  const alt = `${label}, ${under}`;
  return html`<tr class="${isFirst && 'first'}">
    <th scope="row">
      “${label}” <small>${under}</small>${isFirst && html`<small>test image ${sample}</small>`}
    </th>
    <td>${shared ? picture(shared, `Input: ${alt}`) : html`<small>each model’s own</small>`}</td>
    ${views.map((view) => {
      if (!view) return html`<td><small>no picture</small></td>`;
      const { predicted, probability } = view.gradCam;
      const { name } = view;
      const by = attackOf(row, view);
      const { input, heat, perturbation } = album.picturesOf(view.stored, view.gradCam);
      const isWrong = predicted !== label;
      return html`<td>
        <div class="looks">
          ${picture(heat, `Grad-CAM of ${name.long}: ${alt}`)}${
            !shared &&
            html`<div class="small-pair">
              ${picture(input, `Input of ${name.long}: ${alt}`)}${perturbation && picture(perturbation, `Perturbation for ${name.long}: ${alt}`)}
            </div>`
          }
        </div>
        <span class="prediction ${isWrong && 'wrong'}"
          >${isWrong && html`<span title="wrong">✗</span> `}${predicted}
          <small>${Math.round(probability * 100)}${PERCENT}</small></span
        >${by && html`<small>${by}</small>`}
      </td>`;
    })}
  </tr>`;
}

const picture = (shown: Picture, alt: string): Html =>
  shown.uri
    ? html`<img src="${shown.uri}" alt="${alt}" />`
    : html`<span class="no-picture">${shown.missing}</span>`;
