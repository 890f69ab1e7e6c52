import { paperRow, paperRows, type PaperRow } from '../paper-values.js';
import { canonicalJson, type RunRecords, type StoredRecord } from '../records/index.js';
import { count, number } from '../format.js';
import { conditionsOf, likeForLike, type Likeness } from '../likeness.js';
import { outsideBoth, spread, type Spread } from '../statistics.js';
import type { CurvePoint, Comparison, VariantSummary, Benchmark, MissingRow, Summary } from './summary.js';
import { tellingStrength } from './telling-strength.js';
import { variantName } from '../variant-names.js';

/** What the records say, as numbers: no files, no text. */
export function summarise({ records, damaged }: RunRecords): Summary {
  const groups = groupBy(records, ({ record }) => canonicalJson(conditionsOf(record.cell)));
  const datasets = [...groups.values()].map(([first]) => first.record.cell.dataset.id);
  const benchmarks = [...groups.values()]
    .map((group) => summariseBenchmark(group, datasets))
    .sort(
      (a, b) =>
        rankOfDataset(a) - rankOfDataset(b) || b.conditions.training.epochs - a.conditions.training.epochs,
    );
  return {
    benchmarks: benchmarks.map((benchmark, i) => ({ ...benchmark, id: `${benchmark.id}-${i + 1}` })),
    missing: missingRows(records, damaged),
    damaged,
    recordCount: records.length,
  };
}

function summariseBenchmark(group: readonly StoredRecord[], datasets: readonly string[]): Benchmark {
  const conditions = conditionsOf(group[0].record.cell);
  const { dataset, training } = conditions;
  const alone = datasets.filter((id) => id === dataset.id).length === 1;
  const likeness = likeForLike(conditions);
  const variants = [...groupBy(group, ({ record }) => record.cell.variant).values()]
    .map((trials) => summariseVariant(trials, likeness))
    .sort((a, b) => rankOfVariant(a.variant) - rankOfVariant(b.variant) || (a.variant < b.variant ? -1 : 1));
  const title = alone
    ? dataset.label
    : `${dataset.label}, ${count(training.epochs, 'epoch')}, ${number(dataset.train)} images`;
  const telling = {
    noise: tellingStrength(variants.map(({ noise }) => noise)),
    fgsm: tellingStrength(variants.map(({ fgsm }) => fgsm)),
  };
  return {
    ...{ id: dataset.id.replace(/[^\w-]+/g, '-'), title, conditions, likeness, telling },
    variants: variants.map((variant) => ({
      ...variant,
      telling: {
        noise: errorAt(variant.noise, telling.noise),
        fgsm: errorAt(variant.fgsm, telling.fgsm),
      },
    })),
  };
}

function summariseVariant(
  trials: readonly StoredRecord[],
  likeness: Likeness,
): Omit<VariantSummary, 'telling'> {
  const stored = [...trials].sort((a, b) => a.record.cell.trial - b.record.cell.trial);
  const records = stored.map(({ record }) => record);
  const { variant, architecture } = records[0].cell;
  const testError = spread(records.map((record) => record.testErrorPercent));
  return {
    variant,
    architecture,
    name: variantName(variant, architecture),
    stored,
    parameters: records[0].parameters,
    flops: records[0].flops,
    testError,
    noise: curve(
      records.flatMap(({ noise }) => noise.map(({ beta, errorPercent }) => [beta, errorPercent] as const)),
    ),
    fgsm: curve(
      records.flatMap(({ fgsm }) =>
        fgsm.map(({ epsilon, errorPercent }) => [epsilon, errorPercent] as const),
      ),
    ),
    histories: records.map(({ cell, selectedEpoch, history }) => ({
      trial: cell.trial,
      selectedEpoch,
      epochs: history,
    })),
    paper: compare(variant, testError, likeness),
  };
}

function compare(variant: string, testError: Spread, likeness: Likeness): Comparison | null {
  const row = likeness.sameData
    ? paperRow(likeness.paperDataset, variant)
    : paperRows.find((candidate) => candidate.variant === variant);
  if (!row) return null;
  if (!likeness.sameData) return { row, difference: null, outside: null };
  const difference = testError.mean - row.testErrorPercent;
  const outside = likeness.caveats.length > 0 ? null : outsideBoth(difference, testError.sd, row.plusMinus);
  return { row, difference, outside };
}

function curve(points: readonly (readonly [strength: number, errorPercent: number])[]): CurvePoint[] {
  return [...groupBy(points, ([strength]) => String(strength)).values()]
    .map((group) => ({ strength: group[0][0], error: spread(group.map(([, error]) => error)) }))
    .sort((a, b) => a.strength - b.strength);
}

const errorAt = (points: readonly CurvePoint[], strength: number | null): Spread | null =>
  points.find((point) => point.strength === strength)?.error ?? null;

function missingRows(records: readonly StoredRecord[], damaged: RunRecords['damaged']): MissingRow[] {
  const has = ({ dataset, variant }: PaperRow) =>
    records.some(({ record: { cell } }) => cell.dataset.id === dataset && cell.variant === variant);
  return paperRows
    .filter((row) => !has(row))
    .map((row) => {
      const broken = damaged.some(({ file }) => file.startsWith(`cells/${row.dataset}/${row.variant}/`));
      return { row, reason: broken ? 'its record is damaged' : 'not in this run' };
    });
}

const rankOfVariant = (variant: string): number => {
  const at = paperRows.findIndex((row) => row.variant === variant);
  return at < 0 ? paperRows.length : at;
};

const rankOfDataset = ({ conditions: { dataset } }: Benchmark): number => {
  const at = paperRows.findIndex((row) => row.dataset === dataset.id);
  return at < 0 ? paperRows.length : at;
};

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
