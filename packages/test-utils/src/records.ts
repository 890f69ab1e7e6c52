export * from './make-grid.js';
export * from './make-record.js';
