import { defineConfig } from 'tsup';
import { packageBuild } from '../../tools/tsup.base';

// text: formats and aligned columns, without the libraries that draw.
export default defineConfig({ ...packageBuild, entry: ['src/index.ts', 'src/text.ts'] });
