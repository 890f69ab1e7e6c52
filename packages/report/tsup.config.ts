import { defineConfig } from 'tsup';
import { packageBuild } from '../../tools/tsup.base';

export default defineConfig({
  ...packageBuild,
  // text: formats and aligned columns, without the libraries that draw.
  entry: ['src/index.ts', 'src/text.ts'],
  // `import.meta.url` in CommonJS, to find the font's files.
  shims: true,
});
