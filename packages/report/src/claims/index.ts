export type * from './claim.js';
export * from './registry.js';
export * from './verdict-table.js';
export * from './verify.js';
export * from './words.js';
