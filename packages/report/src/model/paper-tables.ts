import { paperRows, type PaperRow } from '../paper-values.js';
import { architectureOf, variantName, type VariantName } from '../variant-names.js';
import type { Benchmark, Summary, VariantSummary } from './summary.js';

/** A row of a table: a variant's results, or why there are none. */
export type ResultRow =
  | { readonly variant: VariantSummary; readonly missing?: undefined }
  | { readonly variant?: undefined; readonly missing: { row: PaperRow; reason: string } };

/** One of the paper's tables 4 to 7 with our results, or the results on other data. */
export interface ResultTable {
  /** Unique in the report, fit for an anchor and a file name: `table-4`. */
  readonly id: string;
  /** `Table 4: CNN on MNIST`, or the data's title. */
  readonly title: string;
  readonly benchmark: Benchmark;
  readonly rows: readonly ResultRow[];
}

const tableTitles: Readonly<Record<PaperRow['table'], string>> = {
  4: 'Table 4: CNN',
  5: 'Table 5: ResNet and DenseNet',
  6: 'Table 6: ResNet and DenseNet',
  7: 'Table 7: ResNet and DenseNet',
};

/** The paper's tables that have a result, with all of their rows; then results on other data. */
export function resultTables({ benchmarks, missing }: Summary): ResultTable[] {
  const used = new Set<string>();
  const unique = (id: string, benchmark: Benchmark) => {
    const free = used.has(id) ? `${id}-${benchmark.id}` : id;
    used.add(free);
    return free;
  };
  return benchmarks.flatMap((benchmark) => {
    const { likeness, variants, title } = benchmark;
    if (!likeness.sameData)
      return [
        {
          id: unique(`table-${benchmark.id}`, benchmark),
          title,
          benchmark,
          rows: variants.map((variant) => ({ variant })),
        },
      ];
    const rowsOf = (wanted: (row: PaperRow) => boolean): ResultRow[] =>
      paperRows.filter((row) => row.dataset === likeness.paperDataset && wanted(row)).map(rowOf);
    const rowOf = (row: PaperRow): ResultRow => {
      const variant = variants.find((one) => one.variant === row.variant);
      if (variant) return { variant };
      const reason = missing.find((one) => one.row === row)?.reason ?? 'under other conditions only';
      return { missing: { row, reason } };
    };
    const numbered = ([4, 5, 6, 7] as const).flatMap((table) => {
      const rows = rowsOf((row) => row.table === table);
      return rows.some(({ variant }) => variant)
        ? [
            {
              id: unique(`table-${table}`, benchmark),
              title: `${tableTitles[table]} on ${title}`,
              benchmark,
              rows,
            },
          ]
        : [];
    });
    const others = variants.filter(({ paper }) => !paper).map((variant) => ({ variant }));
    return others.length > 0
      ? [
          ...numbered,
          {
            id: unique(`table-${benchmark.id}`, benchmark),
            title: `Beyond the paper: ${title}`,
            benchmark,
            rows: others,
          },
        ]
      : numbered;
  });
}

/** How a row's variant is called. */
export const nameOfRow = ({ variant, missing }: ResultRow): VariantName =>
  variant ? variant.name : variantName(missing.row.variant);

/** Id of a row's architecture. */
export const architectureOfRow = ({ variant, missing }: ResultRow): string =>
  variant ? variant.architecture : architectureOf(missing.row.variant);
