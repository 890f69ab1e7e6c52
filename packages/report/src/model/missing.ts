import type { Table } from '../csv.js';
import type { Summary } from './summary.js';

/** The rows of the paper without a result, as data. */
export const missingData = ({ missing }: Summary): Table => ({
  columns: ['table', 'dataset', 'variant', 'paper_test_error_percent', 'paper_plus_minus', 'reason'],
  rows: missing.map(({ row, reason }) => [
    ...[row.table, row.dataset, row.variant, row.testErrorPercent, row.plusMinus, reason],
  ]),
});

/** Introduces the command that makes missing results. */
export const FILL_TEXT = 'To make the missing results:';
