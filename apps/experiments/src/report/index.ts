export * from './build-report.js';
export * from './statistics.js';
export * from './summarise.js';
export * from './terminal-table.js';
