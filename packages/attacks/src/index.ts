export * from './evaluate.js';
export * from './fgsm.js';
export * from './registry.js';
export * from './uniform-noise.js';
