import { defineConfig } from 'tsup';
import { packageBuild } from '../../tools/tsup.base';

// files: for Node; everything else runs in browsers too.
export default defineConfig(packageBuild(['index', 'files']));
