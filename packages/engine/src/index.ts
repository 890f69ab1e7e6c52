export * from './engine.js';
export * from './inspect.js';
export * from './compile/index.js';
export { sparseSoftmaxCrossEntropy } from './native-ops/index.js';
