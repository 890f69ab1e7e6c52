import { defineConfig } from 'vitest/config';
import { inOneProcess } from '../../tools/vitest.base';

export default defineConfig(inOneProcess());
