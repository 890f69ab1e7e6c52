export type * from './attack.js';
export * from './classifier.js';
export * from './dataset.js';
export * from './errors.js';
export type * from './metric.js';
export type * from './progress.js';
export * from './random.js';
export * from './run-record.js';
export * from './showcase.js';
