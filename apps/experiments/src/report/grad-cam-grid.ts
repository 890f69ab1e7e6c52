import type { GradCamRecord } from '@weightmap/core';
import type { StoredRecord } from '../records/index.js';
import { html, type Html } from './_html.js';
import { strength } from '../format.js';
import { pictureKey, type Picture, type Pictures } from './pictures.js';
import type { Benchmark, VariantSummary } from './summary.js';

/** One model's view of one picture. */
interface View {
  readonly variant: VariantSummary;
  readonly stored: StoredRecord;
  readonly gradCam: GradCamRecord;
}

/** One sample under one condition, seen by every model that has it. */
interface Row {
  readonly sample: number;
  readonly condition: GradCamRecord['condition'];
  readonly strength: number;
  readonly label: string;
  readonly views: readonly (View | null)[];
}

/** The trial of each variant whose pictures are shown: the first that has any. */
export const picturedTrial = ({ stored }: VariantSummary): StoredRecord | undefined =>
  stored.find(({ record }) => record.gradCam.length > 0);

/** Inputs and Grad-CAM, the same samples for every model; null if there are no pictures. */
export function gradCamGrid({ title, variants }: Benchmark, pictures: Pictures): Html | null {
  const pictured = variants.filter(picturedTrial);
  const rows = rowsOf(pictured);
  if (rows.length === 0) return null;
  return html`<div class="scroll" role="region" aria-label="Grad-CAM on ${title}" tabindex="0">
    <table class="pictures">
      <caption>
        <span>${title}: input and Grad-CAM of the predicted class.</span>
      </caption>
      <thead>
        <tr>
          <th scope="col">Image</th>
          <th scope="col">Input</th>
          ${pictured.map(({ name }) => html`<th scope="col"><span class="key ${name.kind} ${name.alternating && 'alternating'}" aria-hidden="true"></span>${name.long}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row, i) => gridRow(row, pictures, rows[i - 1]?.sample !== row.sample))}
      </tbody>
    </table>
  </div>`;
}

function gridRow(
  { sample, condition, label, views, ...row }: Row,
  pictures: Pictures,
  isFirst: boolean,
): Html {
  const under =
    condition === 'clean'
      ? 'clean'
      : `${condition}, ${condition === 'noisy' ? 'β' : 'ε'} = ${strength(row.strength)}`;
  const inputs = views.map((view) => view && pictures.get(pictureKey(view.stored, view.gradCam.image)));
  // The attack is made for each model, so that its input may differ from the others'.
  const known = inputs.filter((input) => input?.uri);
  const shared = known.length > 0 && known.every((input) => input!.uri === known[0]!.uri) ? known[0]! : null;
  const alt = `${label}, ${under}`;
  return html`<tr class="${isFirst && 'first'}">
    <th scope="row">“${label}” <small>${under}</small><small>test image ${sample}</small></th>
    <td>
      ${shared ? picture(shared, `Input: ${alt}`) : known.length > 0 ? html`<small>each model’s own</small>` : picture(inputs.find(Boolean) ?? null, '')}
    </td>
    ${views.map((view, i) => {
      if (!view) return html`<td><small>no picture</small></td>`;
      const { predicted, probability, heatmap } = view.gradCam;
      const own = !shared && inputs[i] && picture(inputs[i], `Input for ${view.variant.name.long}: ${alt}`);
      const map = pictures.get(pictureKey(view.stored, heatmap)) ?? null;
      const isWrong = predicted !== label;
      return html`<td>
        <div class="pair">${own}${picture(map, `Grad-CAM of ${view.variant.name.long}: ${alt}`)}</div>
        <span class="prediction ${isWrong && 'wrong'}"
          >${isWrong && html`<span title="wrong">✗</span> `}${predicted}
          <small>${Math.round(probability * 100)} %</small></span
        >
      </td>`;
    })}
  </tr>`;
}

const picture = (shown: Picture | null, alt: string): Html =>
  shown?.uri
    ? html`<img src="${shown.uri}" alt="${alt}" />`
    : html`<span class="no-picture">${shown?.missing ?? 'picture missing'}</span>`;

const conditionOrder = ['clean', 'noisy', 'attacked'];

function rowsOf(variants: readonly VariantSummary[]): Row[] {
  const rows = new Map<string, Row & { views: (View | null)[] }>();
  variants.forEach((variant, column) => {
    const stored = picturedTrial(variant)!;
    for (const gradCam of stored.record.gradCam) {
      const { sample, condition, label } = gradCam;
      const key = `${sample}/${condition}/${gradCam.strength}`;
      const row = rows.get(key) ?? {
        sample,
        condition,
        strength: gradCam.strength,
        label,
        views: variants.map(() => null),
      };
      row.views[column] = { variant, stored, gradCam };
      rows.set(key, row);
    }
  });
  return [...rows.values()].sort(
    (a, b) =>
      a.sample - b.sample ||
      conditionOrder.indexOf(a.condition) - conditionOrder.indexOf(b.condition) ||
      a.strength - b.strength,
  );
}
