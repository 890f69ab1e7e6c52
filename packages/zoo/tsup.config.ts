import { defineConfig } from 'tsup';
import { packageBuild } from '../../tools/tsup.base';

// `import.meta.url` in CommonJS, to find the networks' files.
export default defineConfig(packageBuild(['index'], { shims: true }));
