import { defineConfig } from 'vitest/config';
import { inOneProcess } from '../../tools/vitest.base';

export default defineConfig(
  inOneProcess({ setupFiles: ['test/_small-pictures.ts'] }, 'test/drawing.test.ts'),
);
