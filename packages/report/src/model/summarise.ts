import { canonicalJson, settingsNamed, type RunRecords, type StoredRecord } from '@weightmap/records';
import { verify, type FillCommand } from '../claims/index.js';
import { count, number, settingLabel } from '../format.js';
import { groupBy } from '../group-by.js';
import { paperDatasetLabels, paperRows, type PaperRow } from '../paper-values.js';
import { concernsPaper } from './headline.js';
import { informativeStrengths, meanErrorOver } from './informative.js';
import { conditionsOf, likeForLike } from './likeness.js';
import { spread, type Spread } from './statistics.js';
import { summariseVariant } from './summarise-variant.js';
import type { Benchmark, Curve, MissingRow, Summary, VariantSummary } from './summary.js';

/** Options of a summary. */
export interface SummaryOptions {
  /** The name of the run's folder in a command. */
  run?: string;
  /** Gives the command that makes missing results. Without it, none is named. */
  fill?: FillCommand;
}

/** Computes the figures of a run from its records. */
export function summarise(
  { records, damaged, notes = [] }: RunRecords & { notes?: readonly string[] },
  { run = 'runs/…', fill }: SummaryOptions = {},
): Summary {
  const groups = groupBy(records, ({ record }) => canonicalJson(conditionsOf(record.cell)));
  const datasets = [...groups.values()].map(([first]) => first.record.cell.dataset.id);
  const benchmarks = [...groups.values()]
    .map((group) => summariseBenchmark(group, datasets))
    .sort(
      (a, b) =>
        rankOfDataset(a) - rankOfDataset(b) || b.conditions.training.epochs - a.conditions.training.epochs,
    );
  const plain = records.map(({ record }) => record);
  const verification = verify(plain);
  const ofPaper = concernsPaper(benchmarks);
  return {
    benchmarks: benchmarks.map((benchmark, i) => ({ ...benchmark, id: `${benchmark.id}-${i + 1}` })),
    missing: ofPaper ? missingRows(records, damaged) : [],
    damaged,
    notes,
    recordCount: records.length,
    verification,
    fill: (ofPaper && fill?.(plain, verification.claims, run)) || null,
  };
}

function summariseBenchmark(group: readonly StoredRecord[], datasets: readonly string[]): Benchmark {
  const conditions = conditionsOf(group[0].record.cell);
  const { dataset, training } = conditions;
  const alone = datasets.filter((id) => id === dataset.id).length === 1;
  const likeness = likeForLike(conditions);
  const variants = [...groupBy(group, ({ record }) => record.cell.variant).values()]
    .map((trials) => summariseVariant(trials, conditions))
    .sort((a, b) => rankOfVariant(a.variant) - rankOfVariant(b.variant) || (a.variant < b.variant ? -1 : 1));
  const settings = Object.entries(settingsNamed(variants[0].variant));
  const title = alone
    ? dataset.label
    : settings.length > 0
      ? [dataset.label, ...settings.map(([name, value]) => `${settingLabel(name)} ${value}`)].join(', ')
      : `${dataset.label}, ${count(training.epochs, 'epoch')}, ${number(dataset.train)} images`;
  // Defended networks beside them don't change the figures of plain ones.
  const plain = variants.filter(({ stored }) => !stored[0].record.cell.defense);
  const deciding = plain.length > 0 ? plain : variants;
  const informativeFor = (curve: Curve) =>
    informativeStrengths(
      deciding.map((variant) =>
        variant[curve].map(({ strength, error }) => ({ strength, errorPercent: error.mean })),
      ),
      dataset.classes,
    );
  const informative = { noise: informativeFor('noise'), fgsm: informativeFor('fgsm') };
  return {
    id: dataset.id.replace(/[^\w-]+/g, '-').slice(0, 60), // a number follows
    title,
    conditions,
    likeness,
    informative,
    variants: variants.map((variant) => ({
      ...variant,
      meanError: {
        noise: meanErrorOfTrials(variant, 'noise', informative.noise),
        fgsm: meanErrorOfTrials(variant, 'fgsm', informative.fgsm),
      },
    })),
  };
}

/** The mean over the strengths, trial by trial; null if no trial has them all. */
function meanErrorOfTrials(
  { stored }: Pick<VariantSummary, 'stored'>,
  curve: Curve,
  strengths: readonly number[],
): Spread | null {
  const values = stored.flatMap(({ record: { noise, fgsm } }) => {
    const points =
      curve === 'noise'
        ? noise.map(({ beta, errorPercent }) => ({ strength: beta, errorPercent }))
        : fgsm.map(({ epsilon, errorPercent }) => ({ strength: epsilon, errorPercent }));
    return meanErrorOver(points, strengths) ?? [];
  });
  return values.length > 0 ? spread(values) : null;
}

function missingRows(records: readonly StoredRecord[], damaged: RunRecords['damaged']): MissingRow[] {
  const cellsOf = ({ variant }: PaperRow) =>
    records.filter(({ record: { cell } }) => cell.variant === variant).map(({ record }) => record.cell);
  return paperRows
    .filter((row) => !cellsOf(row).some(({ dataset }) => dataset.id === row.dataset))
    .map((row) => {
      const broken = damaged.some(({ file }) => file.startsWith(`cells/${row.dataset}/${row.variant}/`));
      const instead = cellsOf(row).find(({ dataset }) => !Object.hasOwn(paperDatasetLabels, dataset.id));
      const elsewhere = instead && `run on ${instead.dataset.label} instead`;
      return { row, reason: broken ? 'its record is damaged' : (elsewhere ?? 'not in this run') };
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
