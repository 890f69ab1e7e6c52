export * from './evaluate-minimal.js';
export * from './evaluate.js';
export * from './fgsm.js';
export * from './losses.js';
export * from './registry.js';
export * from './uniform-noise.js';
