export { attackPage, type AttackPageOptions } from './attack-page.js';
export { benchPage, slowdowns, type BenchFigure, type BenchRun, type Slowdown } from './bench-page.js';
export { attackCsv, attackData } from './model/attack-data.js';
export { comparable, type Comparable, type NotEvidence } from './claims/_trials.js';
export * from './claims/index.js';
export { corruptionLabel } from './model/corruption-table.js';
export { toCsv, type CsvValue, type Table } from './csv.js';
export { corruptionCsv } from './html/corruptions-section.js';
export {
  conditionsOf,
  isEvidence,
  notEvidence,
  substituteFor,
  type Conditions,
  type Likeness,
} from './model/likeness.js';
export { spread, type Spread } from './model/statistics.js';
export { summarise, type SummaryOptions } from './model/summarise.js';
export type * from './model/summary.js';
export {
  paperDatasetLabels,
  paperProtocol,
  paperRows,
  type PaperDataset,
  type PaperRow,
} from './paper-values.js';
export { reportModel, type ReportModel, type ReportOptions } from './report-model.js';
export { attackTable, corruptionTable, terminalTable } from './terminal.js';
export { variantName, type VariantName } from './variant-names.js';
export { renderReport, writeReport, type WrittenReport } from './write-report.js';
