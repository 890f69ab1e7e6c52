export * from './engine.js';
export * from './inspect.js';
