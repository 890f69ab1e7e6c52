export * from './compile.js';
export * from './compiled-classifier.js';
