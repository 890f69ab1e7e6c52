import { magnification, type Look, type StoredRecord } from '@weightmap/records';
import { html, type Html } from '../html/html.js';
import { byArchitecture } from '../figures/series.js';
import { count, PERCENT, strength } from '../format.js';
import { samplesOf, type Album, type Picture, type Pictured } from './pictures.js';
import type { Benchmark, VariantSummary } from './summary.js';
import { architectureName, type VariantName } from '../variant-names.js';

/** A model whose pictures are shown. */
export interface Column {
  readonly name: VariantName;
  readonly stored: Pictured;
  /** What attacked it, if the records don't say FGSM by being what they are. */
  readonly attack?: string;
}

/** One model's view of one picture. */
export interface View extends Column {
  readonly gradCam: Look;
}

/** One sample under one condition, seen by every model that has it. */
export interface GridRow {
  readonly sample: number;
  readonly condition: Look['condition'];
  readonly strength: number;
  readonly label: string;
  /** What attacked all views of an attacked row; null if nothing, if not the same, or if it is known of none. */
  readonly attack: string | null;
  readonly views: readonly (View | null)[];
}

/** Models that are looked at side by side: those of one architecture on the same data. */
export interface Grid {
  /** Fit for the name of a file. */
  readonly id: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly GridRow[];
}

/** The trial of each variant whose pictures are shown: the first that has any. */
export const picturedTrial = ({ stored }: VariantSummary): StoredRecord | undefined =>
  stored.find(({ record }) => record.gradCam.length > 0);

/** Figure 5 for each architecture: the same samples for every model; none where there are no pictures. */
export const gradCamGrids = (benchmarks: readonly Benchmark[], { shown }: Pick<Album, 'shown'>): Grid[] =>
  byArchitecture(benchmarks, (variant) => picturedTrial(variant) !== undefined).flatMap(
    ({ benchmark, architecture, variants }) => {
      return gridOf(
        `grad-cam-${benchmark.id}-${architecture}`,
        `${architectureName(architecture)} on ${benchmark.title}`,
        variants.map((variant) => ({ name: variant.name, stored: picturedTrial(variant)! })),
        shown,
      );
    },
  );

/** The first samples of some models side by side; none where there are no pictures. */
export function gridOf(id: string, title: string, columns: readonly Column[], shown: number): Grid[] {
  const rows = rowsOf(columns, shown);
  return rows.length > 0 ? [{ id, title, columns, rows }] : [];
}

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

/** What the grid leaves out; null if nothing. */
export const leftOutNote = ({ shown, of }: Album): string | null =>
  shown < of
    ? `${count(shown, 'sample')} of ${of}: more would make this page too large. All lie beside the records, in grad-cam/.`
    : null;

/** `noisy, β = 0.6` */
export const conditionText = ({ condition, strength: at, attack }: GridRow): string =>
  condition === 'clean'
    ? 'clean'
    : `${attack ?? condition}, ${condition === 'noisy' ? 'β' : 'ε'} = ${strength(at)}`;

/** What attacked this view, where the row as a whole can't say. */
export const attackOf = ({ condition, attack }: GridRow, view: View): string | null =>
  condition === 'attacked' && attack === null ? (view.attack ?? null) : null;

/** The input that all models share; null if each has its own, as under attack. */
export function sharedInput({ views, condition }: GridRow, album: Album): Picture | null {
  if (condition === 'attacked') return null;
  const known = views.flatMap((view) => (view ? [album.picturesOf(view.stored, view.gradCam).input] : []));
  return known.every(({ uri }) => uri !== undefined && uri === known[0].uri) ? (known[0] ?? null) : null;
}

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

const conditionOrder = ['clean', 'noisy', 'attacked'];

function rowsOf(columns: readonly Column[], shown: number): GridRow[] {
  const rows = new Map<string, GridRow & { views: (View | null)[] }>();
  columns.forEach((column, place) => {
    const { stored } = column;
    const samples = samplesOf(stored).slice(0, shown);
    for (const gradCam of stored.record.gradCam.filter(({ sample }) => samples.includes(sample))) {
      const { sample, condition, label } = gradCam;
      const key = `${sample}/${condition}/${gradCam.strength}`;
      const row = rows.get(key) ?? {
        ...{ sample, condition, strength: gradCam.strength, label, attack: null },
        views: columns.map(() => null),
      };
      row.views[place] = { ...column, gradCam };
      rows.set(key, row);
    }
  });
  return [...rows.values()]
    .map((row) => ({ ...row, attack: row.condition === 'attacked' ? sameAttack(row.views) : null }))
    .sort(
      (a, b) =>
        a.sample - b.sample ||
        conditionOrder.indexOf(a.condition) - conditionOrder.indexOf(b.condition) ||
        a.strength - b.strength,
    );
}

function sameAttack(views: readonly (View | null)[]): string | null {
  const attacks = new Set(views.flatMap((view) => (view ? [view.attack ?? null] : [])));
  return attacks.size === 1 ? [...attacks][0] : null;
}

/** How the perturbations of these grids are magnified, for the caption; null if there are none. */
export function magnificationNote(grids: readonly Grid[]): string | null {
  const strengths = new Set(
    grids.flatMap(({ rows }) =>
      rows.filter(({ condition }) => condition === 'attacked').map(({ strength: at }) => at),
    ),
  );
  const factors = [...strengths]
    .filter((at) => at > 0)
    .map((at) => `×${Number(magnification(at).toPrecision(2))}`);
  return factors.length > 0
    ? `Beside an attacked input stands what the attack added, ${factors.join(', ')} around mid-gray.`
    : null;
}
