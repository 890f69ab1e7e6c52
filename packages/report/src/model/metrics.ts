import type { RunRecord } from '@weightmap/records';
import { toCsv } from '../csv.js';
import { eachRecord } from './benchmarks.js';
import { spread, type Spread } from './statistics.js';
import type { Benchmark, VariantSummary } from './summary.js';

/** The further metrics of a benchmark: whatever its records hold in `metrics`. */
export interface MetricTable {
  /** The benchmark's title. */
  readonly title: string;
  readonly columns: readonly { readonly label: string; readonly unit: string }[];
  readonly rows: readonly {
    readonly variant: VariantSummary;
    /** One for each column, over the trials; null where no trial has it. */
    readonly values: readonly (Spread | null)[];
  }[];
}

/** One figure of a record: a metric has one, or several with names. */
interface Measured {
  readonly metric: string;
  /** Empty for a metric that is a single figure. */
  readonly figure: string;
  readonly value: number;
}

const measuredIn = ({ metrics = {} }: RunRecord): Measured[] =>
  Object.entries(metrics).flatMap(([metric, value]) =>
    typeof value === 'number'
      ? [{ metric, figure: '', value }]
      : Object.entries(value).map(([figure, one]) => ({ metric, figure, value: one })),
  );

/** One table for each benchmark that has further metrics: a column for each figure of each metric. */
export const metricTables = (benchmarks: readonly Benchmark[]): MetricTable[] =>
  benchmarks.flatMap(({ title, variants }) => {
    const all = variants.map(({ stored }) => stored.flatMap(({ record }) => measuredIn(record)));
    const names = new Map(
      variants.flatMap(({ stored }) =>
        stored.flatMap(({ record }) => Object.entries(record.metricNames ?? {})),
      ),
    );
    const columns = new Map(all.flat().map((one) => [`${one.metric} ${one.figure}`, one]));
    // A metric that failed on every network keeps its column.
    const found = new Set([...columns.values()].map(({ metric }) => metric));
    for (const metric of names.keys())
      if (!found.has(metric)) columns.set(metric, { metric, figure: '', value: Number.NaN });
    if (columns.size === 0) return [];
    return [
      {
        title,
        columns: [...columns.values()].map(({ metric, figure }) => {
          const { label, unit } = names.get(metric) ?? { label: metric, unit: '' };
          return { label: figure ? `${label}: ${figure}` : label, unit };
        }),
        rows: variants.map((variant, i) => ({
          variant,
          values: [...columns.values()].map(({ metric, figure }) => {
            const values = all[i].filter((one) => one.metric === metric && one.figure === figure);
            return values.length > 0 ? spread(values.map(({ value }) => value)) : null;
          }),
        })),
      },
    ];
  });

/** Every figure of every record, as CSV. */
export const metricsCsv = (benchmarks: readonly Benchmark[]): string =>
  toCsv({
    columns: ['dataset', 'variant', 'trial', 'metric', 'figure', 'value'],
    rows: eachRecord(benchmarks).flatMap(({ title, record }) =>
      measuredIn(record).map(({ metric, figure, value }) => [
        title,
        record.variant,
        record.trial,
        metric,
        figure || null,
        value,
      ]),
    ),
  });

/** Headings and cells of a table of metrics, the same for page and Markdown. */
export function metricRows({ columns, rows }: MetricTable): { head: string[]; rows: string[][] } {
  return {
    head: ['Variant', ...columns.map(({ label, unit }) => (unit ? `${label}, ${unit}` : label)), 'n'],
    rows: rows.map(({ variant, values }) => [
      variant.name.long,
      ...values.map((value) => (value ? figureText(value) : '–')),
      String(variant.stored.length),
    ]),
  };
}

/** `0.4213 ± 0.0121`: four digits, because nothing is known of the scale. */
const figureText = ({ mean, sd }: Spread): string =>
  [mean, ...(sd === null ? [] : [sd])]
    .map((value) => String(Number(value.toPrecision(4))).replace('-', '−'))
    .join(' ± ');
