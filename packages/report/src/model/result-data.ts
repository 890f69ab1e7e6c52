import type { CsvValue, Table } from '../csv.js';
import { NONE, number, percent, short, signed } from '../format.js';
import type { LatexTable } from '../latex.js';
import { conditionLabel, errorUnder } from './condition.js';
import { errorInterval, errorText, notationNote } from './intervals.js';
import { isEvidence } from './likeness.js';
import { nameOfRow, type ResultTable } from './paper-tables.js';
import { paperDatasetLabels } from '../paper-values.js';
import type { Benchmark, VariantSummary } from './summary.js';

/** Ours minus the paper's, or a dash. */
export const differenceText = ({ paper }: VariantSummary): string =>
  paper?.difference === null || paper?.difference === undefined ? NONE : signed(paper.difference);

/** How to read the differences, for below the table; empty if the paper has no value to compare with. */
export function differenceNote({ conditions, likeness, variants }: Benchmark): string {
  if (likeness.paperDataset === null) return '';
  if (!likeness.sameData)
    return 'The paper’s values are for other images: they are shown for orientation, without a difference.';
  if (!isEvidence(conditions))
    return 'The paper’s values are shown for orientation, without a difference: these results are not evidence.';
  if (likeness.caveats.length > 0) return 'The conditions are not the paper’s, so no difference is marked.';
  const marked =
    'A difference is marked where its 95 % interval (Welch’s t, from the paper’s mean ± deviation of three trials) excludes 0; of equal values, one in twenty would be marked by chance.';
  return variants.some(({ testError }) => testError.n === 1)
    ? `${marked} With one trial there is no such interval, and nothing is marked.`
    : marked;
}

/** The heading of the paper's values; it names their dataset where that is another one. */
export const paperHeading = ({ likeness }: Benchmark, word: string): string =>
  likeness.sameData || likeness.paperDataset === null
    ? word
    : `${word}, ${paperDatasetLabels[likeness.paperDataset]}`;

/** The cells that the tables in Markdown, LaTeX and the terminal share. */
export function resultCells({ conditions }: Benchmark, variant: VariantSummary): string[] {
  const { testError, paper } = variant;
  const [noise, fgsm] = (['noise', 'fgsm'] as const).map((condition) => {
    const error = errorUnder(variant, condition);
    return error ? errorText(conditions, condition, error) : NONE;
  });
  return [
    errorText(conditions, 'clean', testError),
    paper ? `${percent(paper.row.testErrorPercent)} ± ${percent(paper.row.plusMinus)}` : NONE,
    differenceText(variant),
    noise,
    fgsm,
    String(testError.n),
  ];
}

/** Which columns of a table hold anything: those that no row has a value for are left out. */
export function filledColumns({ rows }: ResultTable) {
  const has = (wanted: (variant: VariantSummary) => unknown) =>
    rows.some(({ variant }) => variant && wanted(variant));
  return {
    paper: rows.some(({ variant, missing }) => missing ?? variant.paper),
    difference: has(({ paper }) => paper && paper.difference !== null),
    noise: has((variant) => errorUnder(variant, 'noise')),
    fgsm: has((variant) => errorUnder(variant, 'fgsm')),
    flops: has(({ flops }) => flops) || rows.some(({ missing }) => missing?.row.gflops),
  };
}

/** The disturbances, and the name of their strengths in a column. */
const disturbed = [
  ['noise', 'betas'],
  ['fgsm', 'epsilons'],
] as const;

/** A table as data: a row a variant, nothing rounded; of a row without results only the paper's values. */
export const resultData = (tables: readonly ResultTable[]): Table => ({
  columns: [
    ...['dataset', 'variant', 'trials', 'test_error_percent_mean', 'test_error_percent_sd'],
    ...['test_error_percent_low', 'test_error_percent_high', 'interval_covers'],
    ...['paper_dataset', 'paper_test_error_percent', 'paper_plus_minus'],
    ...['difference', 'difference_low', 'difference_high', 'like_for_like', 'evidence'],
    ...disturbed.flatMap(([name, strengths]) => [
      ...[`${name}_${strengths}`, `${name}_error_percent_mean`, `${name}_error_percent_sd`],
      ...[`${name}_error_percent_low`, `${name}_error_percent_high`],
    ]),
    ...['parameters', 'flops_paper', 'flops_executed', 'missing'],
  ],
  rows: tables.flatMap(({ benchmark: { title, conditions, likeness, informative }, rows }) =>
    rows.map(({ variant, missing }): CsvValue[] => {
      const row = variant ? variant.paper?.row : missing.row;
      const paper = [row?.dataset ?? null, row?.testErrorPercent ?? null, row?.plusMinus ?? null];
      const like = likeness.caveats.length === 0 ? 'yes' : 'no';
      const evidence = isEvidence(conditions) ? 'yes' : 'no';
      if (!variant)
        return [
          ...[title, missing.row.variant, 0],
          ...Array<null>(5).fill(null),
          ...[...paper, null, null, null, like, evidence],
          ...Array<null>(13).fill(null),
          missing.reason,
        ];
      const { low, high, covers } = errorInterval(conditions, 'clean', variant.testError);
      return [
        ...[title, variant.variant, variant.testError.n, variant.testError.mean, variant.testError.sd],
        ...[low, high, covers],
        ...[...paper, variant.paper?.difference ?? null],
        ...[variant.paper?.interval?.low ?? null, variant.paper?.interval?.high ?? null, like, evidence],
        ...disturbed.flatMap(([condition]) => {
          const error = errorUnder(variant, condition);
          const interval = error && errorInterval(conditions, condition, error);
          return [
            ...[informative[condition].join(' ') || null, error?.mean ?? null, error?.sd ?? null],
            ...[interval?.low ?? null, interval?.high ?? null],
          ];
        }),
        ...[variant.parameters, variant.flops?.paper ?? null, variant.flops?.executed ?? null],
        variant.unmeasured.join('; ') || null,
      ];
    }),
  ),
});

/** The ten cells of each row of a table, without the columns that hold nothing. */
export function shownCells(
  table: ResultTable,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): { columns: string[]; rows: string[][] } {
  const { paper, difference, noise, fgsm, flops } = filledColumns(table);
  const isShown = [true, true, paper, difference, noise, fgsm, true, true, flops, flops];
  const shown = (cells: readonly string[]) => cells.filter((_, i) => isShown[i]);
  return { columns: shown(columns), rows: rows.map(shown) };
}

/** A table for a paper. */
export function resultLatex(table: ResultTable): LatexTable {
  const { id, title, benchmark, rows } = table;
  return {
    label: `tab:${id}`,
    caption: `${title}: test error in percent; ${notationNote(benchmark)}.`,
    ...shownCells(
      table,
      [
        ...['Variant', 'Test error', paperHeading(benchmark, 'Paper'), 'Difference'],
        ...(['noise', 'fgsm'] as const).map((condition) => conditionLabel(benchmark, condition)),
        ...['n', 'Parameters', 'FLOPs (paper)', 'FLOPs (executed)'],
      ],
      rows.map((row) => {
        const name = nameOfRow(row).long;
        const { variant, missing } = row;
        if (variant)
          return [
            name,
            ...resultCells(benchmark, variant),
            ...[number(variant.parameters), ...flopsCells(variant)],
          ];
        const { testErrorPercent, plusMinus } = missing.row;
        const paper = `${percent(testErrorPercent)} ± ${percent(plusMinus)}`;
        return [name, NONE, paper, ...Array<string>(7).fill(NONE)];
      }),
    ),
  };
}

/** The operations of a variant as cells, by both counts; dashes if no trial has them. */
export const flopsCells = ({ flops }: VariantSummary): string[] =>
  flops ? [short(flops.paper), short(flops.executed)] : [NONE, NONE];

/** Which figures of a table's variants could not be measured, and why; a line each. */
export const unmeasuredLines = ({ rows }: ResultTable): string[] =>
  rows.flatMap((row) => row.variant?.unmeasured.map((line) => `${nameOfRow(row).long}, ${line}`) ?? []);
