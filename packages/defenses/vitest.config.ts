import { defineConfig } from 'vitest/config';
import { packageTests } from '../../tools/vitest.base';

export default defineConfig(packageTests);
