import { canonicalJson, settingsNamed, unsweptVariant } from '@weightmap/records';
import { toCsv } from '../csv.js';
import { NONE, percent, settingLabel } from '../format.js';
import { groupBy } from '../group-by.js';
import { variantName } from '../variant-names.js';
import { informativeStrengths, meanErrorOver, strengthRange } from './informative.js';
import { spread, type Spread } from './statistics.js';
import type { Benchmark, Curve, VariantSummary } from './summary.js';

/** The networks of one dataset that were trained with several values of some settings. */
export interface SweepTable {
  /** Fit for an anchor and a file name: `sweep-1`. */
  readonly id: string;
  /** The dataset. */
  readonly title: string;
  /** The settings, by their names in a cell. */
  readonly settings: readonly string[];
  /** The strengths that the mean errors are taken over: the same in every row. */
  readonly strengths: Readonly<Record<Curve, readonly number[]>>;
  /** By variant, then by the values. */
  readonly rows: readonly SweepRow[];
}

/** One value of each setting, and the figures over the trials. */
export interface SweepRow {
  /** The variant without the settings. */
  readonly variant: string;
  /** What the variant is called, without the settings. */
  readonly name: string;
  /** The value of each setting; null for a network whose setting is not part of the sweep. */
  readonly values: readonly (string | null)[];
  /** Of the epoch whose weights were kept: the figure to choose a value by. */
  readonly validationError: Spread;
  readonly testError: Spread;
  /** Null if it was not measured. */
  readonly noise: Spread | null;
  /** Null if it was not measured. */
  readonly fgsm: Spread | null;
  readonly trials: number;
}

/** A table for each dataset on which settings were swept; none in a run without a sweep. */
export function sweepTables(benchmarks: readonly Benchmark[]): SweepTable[] {
  const swept = benchmarks.flatMap((benchmark) =>
    benchmark.variants
      .filter(({ variant }) => Object.keys(settingsNamed(variant)).length > 0)
      .map((variant) => ({ benchmark, variant })),
  );
  const groups = groupBy(swept, ({ benchmark: { conditions } }) =>
    canonicalJson([conditions.dataset, conditions.evaluation]),
  );
  return [...groups.values()].map((group, i) => {
    const { dataset } = group[0].benchmark.conditions;
    const settings = [
      ...new Set(group.flatMap(({ variant }) => Object.keys(settingsNamed(variant.variant)))),
    ];
    const strengthsOf = (curve: Curve) =>
      informativeStrengths(
        group.map(({ variant }) =>
          variant[curve].map(({ strength, error }) => ({ strength, errorPercent: error.mean })),
        ),
        dataset.classes,
      );
    const strengths = { noise: strengthsOf('noise'), fgsm: strengthsOf('fgsm') };
    const rows = group.map(({ variant }) => rowOf(variant, settings, strengths));
    return {
      id: `sweep-${i + 1}`,
      title: dataset.label,
      settings,
      strengths,
      rows: [...groupBy(rows, ({ variant }) => variant).values()].flatMap((same) => same.sort(byValues)),
    };
  });
}

function rowOf(
  { variant, name, stored, testError }: VariantSummary,
  settings: readonly string[],
  strengths: SweepTable['strengths'],
): SweepRow {
  const records = stored.map(({ record }) => record);
  const named = new Map(Object.entries(settingsNamed(variant)));
  const plain = unsweptVariant(variant);
  const meanError = (curve: Curve) => {
    const values = records.flatMap(
      ({ noise, fgsm }) =>
        meanErrorOver(
          curve === 'noise'
            ? noise.map(({ beta, errorPercent }) => ({ strength: beta, errorPercent }))
            : fgsm.map(({ epsilon, errorPercent }) => ({ strength: epsilon, errorPercent })),
          strengths[curve],
        ) ?? [],
    );
    return values.length > 0 ? spread(values) : null;
  };
  return {
    variant: plain,
    name: records[0].cell.names ? name.long.replace(/ \([^()]*\)$/, '') : variantName(plain).long,
    values: settings.map((setting) => named.get(setting) ?? null),
    validationError: spread(
      records.map(({ history, selectedEpoch }) => history[selectedEpoch - 1].validationErrorPercent),
    ),
    testError,
    noise: meanError('noise'),
    fgsm: meanError('fgsm'),
    trials: records.length,
  };
}

function byValues(a: SweepRow, b: SweepRow): number {
  const at = a.values.findIndex((value, i) => value !== b.values[i]);
  if (at < 0) return 0;
  const [first, second] = [a.values[at] ?? '', b.values[at] ?? ''];
  return Number(first) - Number(second) || (first < second ? -1 : 1);
}

/** Headings and cells, the same for page, Markdown and terminal. */
export function sweepRows({ settings, strengths, rows }: SweepTable): { head: string[]; rows: string[][] } {
  const has = { noise: rows.some(({ noise }) => noise), fgsm: rows.some(({ fgsm }) => fgsm) };
  const withSd = ({ mean, sd }: Spread) =>
    sd === null ? percent(mean) : `${percent(mean)} ± ${percent(sd)}`;
  return {
    head: [
      'Variant',
      ...settings.map(settingLabel),
      'validation error %',
      'test error %',
      ...(has.noise ? [`noise, ${strengthRange('β', strengths.noise)}`] : []),
      ...(has.fgsm ? [`FGSM, ${strengthRange('L∞ ε', strengths.fgsm)}`] : []),
      'n',
    ],
    rows: rows.map((row) => [
      row.name,
      ...row.values.map((value) => value ?? NONE),
      withSd(row.validationError),
      withSd(row.testError),
      ...(has.noise ? [row.noise ? withSd(row.noise) : NONE] : []),
      ...(has.fgsm ? [row.fgsm ? withSd(row.fgsm) : NONE] : []),
      String(row.trials),
    ]),
  };
}

/** How to use the table. */
export const SWEEP_NOTE =
  'Choose a value by the validation error: the test error of the best of several values is too low, because it was chosen by it.';

/** A table as data, nothing rounded. */
export const sweepCsv = ({ settings, strengths, rows }: SweepTable): string =>
  toCsv({
    columns: [
      'variant',
      ...settings,
      'trials',
      ...['validation', 'test', 'noise', 'fgsm'].flatMap((figure) => [
        `${figure}_error_percent_mean`,
        `${figure}_error_percent_sd`,
      ]),
      'noise_betas',
      'fgsm_epsilons',
    ],
    rows: rows.map((row) => [
      row.variant,
      ...row.values,
      row.trials,
      ...[row.validationError, row.testError, row.noise, row.fgsm].flatMap((figure) => [
        figure?.mean ?? null,
        figure?.sd ?? null,
      ]),
      strengths.noise.join(' ') || null,
      strengths.fgsm.join(' ') || null,
    ]),
  });
