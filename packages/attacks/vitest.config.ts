import { defineConfig, mergeConfig } from 'vitest/config';
import { packageTests } from '../../tools/vitest.base';

// Nothing here changes anything that its neighbour sees: TensorFlow.js is loaded once, and not for each of thirty files.
export default mergeConfig(defineConfig(packageTests), defineConfig({ test: { isolate: false } }));
