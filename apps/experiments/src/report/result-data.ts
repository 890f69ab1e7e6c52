import { testErrorInterval, meanInterval } from '@weightmap/metrics';
import type { CsvValue, Table } from '../csv.js';
import type { LatexTable } from './latex.js';
import { meanSd, NONE, number, percent, short, signed } from '../format.js';
import { conditionLabel, errorUnder } from './overview.js';
import { nameOfRow, type ResultTable } from './paper-tables.js';
import type { Benchmark, VariantSummary } from './summary.js';

/** Ours minus the paper's, or why there is no such figure. */
export const differenceText = ({ paper }: VariantSummary): string =>
  paper?.difference === null || paper?.difference === undefined ? NONE : signed(paper.difference);

/** What the differences mean, for below the table. */
export function differenceNote({ likeness, variants }: Benchmark): string {
  if (!likeness.sameData)
    return 'The paper’s values are for other images: they stand there for orientation, and no difference is taken.';
  if (likeness.caveats.length > 0)
    return 'The conditions are not the paper’s, so no difference is marked as one.';
  const marked = 'A difference is marked where it is larger than both standard deviations.';
  return variants.some(({ testError }) => testError.n === 1)
    ? `${marked} With one trial there is no deviation, and nothing is marked.`
    : marked;
}

/** What the tables in Markdown, LaTeX and the terminal share. */
export function resultCells(variant: VariantSummary): string[] {
  const { testError, paper } = variant;
  const [noise, fgsm] = (['noise', 'fgsm'] as const).map((condition) => errorUnder(variant, condition));
  return [
    meanSd(testError),
    paper ? `${percent(paper.row.testErrorPercent)} ± ${percent(paper.row.plusMinus)}` : NONE,
    differenceText(variant),
    noise ? meanSd(noise) : NONE,
    fgsm ? meanSd(fgsm) : NONE,
    String(testError.n),
  ];
}

/** The test error's 95 % interval: over the trials, or over the test images where there is one trial. */
export function errorInterval({ testError, stored }: VariantSummary) {
  const { test } = stored[0].record.cell.dataset;
  return testError.n > 1 ? meanInterval(testError.values) : testErrorInterval(testError.mean, test);
}

/** A table as data: a row a variant, nothing rounded; of a row without results only the paper's values. */
export const resultData = (tables: readonly ResultTable[]): Table => ({
  columns: [
    ...['dataset', 'variant', 'trials', 'test_error_percent_mean', 'test_error_percent_sd'],
    ...['test_error_percent_low', 'test_error_percent_high', 'interval_covers'],
    ...['paper_dataset', 'paper_test_error_percent', 'paper_plus_minus', 'difference', 'like_for_like'],
    ...['noise_beta', 'noise_error_percent', 'fgsm_epsilon', 'fgsm_error_percent'],
    ...['parameters', 'flops_paper', 'flops_executed', 'missing'],
  ],
  rows: tables.flatMap(({ benchmark: { title, likeness, telling }, rows }) =>
    rows.map(({ variant, missing }): CsvValue[] => {
      const row = variant ? variant.paper?.row : missing.row;
      const paper = [row?.dataset ?? null, row?.testErrorPercent ?? null, row?.plusMinus ?? null];
      const like = likeness.caveats.length === 0 ? 'yes' : 'no';
      if (!variant)
        return [
          ...[title, missing.row.variant, 0],
          ...Array<null>(5).fill(null),
          ...[...paper, null, like],
          ...Array<null>(7).fill(null),
          missing.reason,
        ];
      const { low, high, covers } = errorInterval(variant);
      return [
        ...[title, variant.variant, variant.testError.n, variant.testError.mean, variant.testError.sd],
        ...[low, high, covers],
        ...[...paper, variant.paper?.difference ?? null, like],
        ...[telling.noise, variant.telling.noise?.mean ?? null],
        ...[telling.fgsm, variant.telling.fgsm?.mean ?? null],
        ...[variant.parameters, variant.flops.paper, variant.flops.executed, null],
      ];
    }),
  ),
});

/** A table for a paper. */
export function resultLatex({ id, title, benchmark, rows }: ResultTable): LatexTable {
  return {
    label: `tab:${id}`,
    caption: `${title}: test error in percent, mean ± standard deviation over n trials.`,
    columns: [
      ...['Variant', 'Test error', 'Paper', 'Difference'],
      ...(['noise', 'fgsm'] as const).map((condition) => conditionLabel(benchmark, condition)),
      ...['n', 'Parameters', 'FLOPs (paper)', 'FLOPs (executed)'],
    ],
    rows: rows.map((row) => {
      const name = nameOfRow(row).long;
      const { variant, missing } = row;
      if (variant)
        return [
          name,
          ...resultCells(variant),
          ...[number(variant.parameters), short(variant.flops.paper), short(variant.flops.executed)],
        ];
      const { testErrorPercent, plusMinus } = missing.row;
      const paper = `${percent(testErrorPercent)} ± ${percent(plusMinus)}`;
      return [name, NONE, paper, ...Array<string>(7).fill(NONE)];
    }),
  };
}
