import { alignColumns } from '../_columns.js';
import type { BenchRow } from './bench-case.js';
import { FORMS } from './peers.js';

/** The rows for people; with peers, a column for each form of PyTorch that was measured. */
export function benchTable(rows: readonly BenchRow[]): string {
  const forms = FORMS.filter((form) => rows.some(({ ratios }) => ratios?.[form] !== undefined));
  const head = ['case', 'mode', 'parameters', 'ms, median', 'ms, least', 'steps'];
  const body = rows.map(({ case: id, mode, parameters, msMedian, msMin, steps, ratios }) => [
    id,
    mode,
    parameters.toLocaleString('en'),
    msMedian.toFixed(2),
    msMin.toFixed(2),
    String(steps),
    ...forms.map((form) => ratios?.[form]?.toFixed(3) ?? ''),
  ]);
  const table = [[...head, ...forms.map((form) => `/ ${form}`)], ...body];
  return alignColumns(table, { right: [2, 3, 4, 5, ...forms.map((_, i) => head.length + i)] });
}
