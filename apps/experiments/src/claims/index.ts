export type * from './claim.js';
export * from './registry.js';
export * from './verify.js';
