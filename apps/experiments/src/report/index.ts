export * from './build-report.js';
export { terminalTable } from './result-table.js';
export * from './statistics.js';
export * from './summarise.js';
