import { defineConfig } from 'tsup';
import { scriptText } from './tools/script-text.mjs';

// One classic script, the page beside it (public/): all that a page that is opened from a disk may load.
export default defineConfig({
  entry: { explorer: 'src/main.ts' },
  format: ['iife'],
  outExtension: () => ({ js: '.js' }),
  platform: 'browser',
  target: 'es2022',
  minify: true,
  clean: true,
  noExternal: [/.*/],
  publicDir: 'public',
  esbuildPlugins: [scriptText],
});
