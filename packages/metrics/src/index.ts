export * from './activation-variance.js';
export * from './flops.js';
export * from './grad-cam.js';
export * from './grad-cam-sharpness.js';
export * from './parameters.js';
export * from './registry.js';
export * from './robustness-curve.js';
export * from './sparsity.js';
export { testError } from './test-error.js';
