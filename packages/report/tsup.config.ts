import { defineConfig } from 'tsup';
import { packageBuild } from '../../tools/tsup.base';

export default defineConfig(
  packageBuild(
    // text: formats and aligned columns, without the libraries that draw.
    ['index', 'text'],
    // `import.meta.url` in CommonJS, to find the font's files.
    { shims: true },
  ),
);
