import { defineConfig } from 'tsup';
import { packageBuild } from '../../tools/tsup.base';

// variants: the paper's rows as plain data, without TensorFlow.
export default defineConfig(packageBuild(['index', 'variants']));
