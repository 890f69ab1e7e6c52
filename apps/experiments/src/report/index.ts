export * from './build-report.js';
export * from '../statistics.js';
export * from './summarise.js';
export type * from './summary.js';
export * from './terminal-table.js';
