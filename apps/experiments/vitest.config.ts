import { defineConfig, mergeConfig } from 'vitest/config';
import { packageTests } from '../../tools/vitest.base';

// Most of these tests wait for processes of the command: two files at a time.
export default mergeConfig(defineConfig(packageTests), defineConfig({ test: { maxWorkers: 2 } }));
