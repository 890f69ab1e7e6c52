export * from './engines.js';
export * from './layer-contract.js';
export * from './linear-classifier.js';
export * from './made-cifar10.js';
export * from './made-iwildcam.js';
export * from './matchers.js';
export * from './memory.js';
export * from './tiny-images.js';
