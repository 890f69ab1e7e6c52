import { defineConfig } from 'tsup';
import { packageBuild } from '../../tools/tsup.base';

// shims: import.meta.url for CommonJS.
export default defineConfig(packageBuild(['index'], { shims: true }));
