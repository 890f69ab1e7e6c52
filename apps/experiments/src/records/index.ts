export * from './cell-id.js';
export * from './cell-paths.js';
export * from './run-folder.js';
export * from './stored-identity.js';
