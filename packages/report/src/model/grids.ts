import { magnification, type Look, type Pictured, type StoredRecord } from '@weightmap/records';
import { strength } from '../format.js';
import type { VariantName } from '../variant-names.js';
import { byArchitecture } from './benchmarks.js';
import type { Benchmark, VariantSummary } from './summary.js';

/** A model whose pictures are shown. */
export interface Column {
  readonly name: VariantName;
  readonly stored: Pictured;
  /** The attack that made its pictures; absent for those of a record, which are FGSM's. */
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
  /** The attack of an attacked row; null if its views have different ones, or none is known. */
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
export const gradCamGrids = (benchmarks: readonly Benchmark[]): Grid[] =>
  byArchitecture(benchmarks, (variant) => picturedTrial(variant) !== undefined).flatMap(
    ({ benchmark, architecture, variants }) =>
      gridOf(
        `grad-cam-${benchmark.id}-${architecture.id}`,
        `${architecture.label} on ${benchmark.title}`,
        variants.map((variant) => ({ name: variant.name, stored: picturedTrial(variant)! })),
      ),
  );

/** The samples of some models side by side, the first of each if `samples` is given; none where there are no pictures. */
export function gridOf(id: string, title: string, columns: readonly Column[], samples = Infinity): Grid[] {
  const rows = rowsOf(columns, samples);
  return rows.length > 0 ? [{ id, title, columns, rows }] : [];
}

/** Grids with the first samples of each model only. */
export const firstSamples = (grids: readonly Grid[], samples: number): Grid[] =>
  grids.flatMap(({ id, title, columns }) => gridOf(id, title, columns, samples));

/** `noisy, β = 0.6` */
export const conditionText = ({ condition, strength: at, attack }: GridRow): string =>
  condition === 'clean'
    ? 'clean'
    : `${attack ?? condition}, ${condition === 'noisy' ? 'β' : 'ε'} = ${strength(at)}`;

/** The attack of one view, where the row has no common one. */
export const attackOf = ({ condition, attack }: GridRow, view: View): string | null =>
  condition === 'attacked' && attack === null ? (view.attack ?? null) : null;

/** The samples that a record has pictures of, in order. */
export const samplesOf = ({ record }: Pictured): number[] =>
  [...new Set(record.gradCam.map(({ sample }) => sample))].sort((a, b) => a - b);

const conditionOrder = ['clean', 'noisy', 'attacked'];

function rowsOf(columns: readonly Column[], shown: number): GridRow[] {
  const rows = new Map<string, GridRow & { views: (View | null)[] }>();
  columns.forEach((column, place) => {
    const { stored } = column;
    const samples = new Set(samplesOf(stored).slice(0, shown));
    for (const gradCam of stored.record.gradCam.filter(({ sample }) => samples.has(sample))) {
      const { sample, condition, label } = gradCam;
      const key = `${sample}/${condition}/${gradCam.strength}`;
      const row = rows.get(key) ?? {
        sample,
        condition,
        strength: gradCam.strength,
        label,
        attack: null,
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
    ? `Beside an attacked input: the perturbation, ${factors.join(', ')} around mid-gray.`
    : null;
}
