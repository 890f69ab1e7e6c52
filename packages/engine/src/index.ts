export { adamFields, type AdamFields } from './adam-fields.js';
export * from './engine.js';
export * from './inspect.js';
export * from './compile/index.js';
export * from './tensorboard.js';
export { packPixels, sparseSoftmaxCrossEntropy, unpackPixels } from './native-ops/index.js';
