import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';

// Under CommonJS the build replaces import.meta.url by the file's own address.
const require = createRequire(import.meta.url);

/**
 * Runs `load` with standard error discarded, if the addon for that has been compiled.
 *
 * TensorFlow prints there when it is loaded, and no setting prevents it. Errors that `load` throws pass through.
 *
 * @param tfjsNode folder of the npm package whose TensorFlow is loaded: the addon lies beside its binding.
 */
export function loadQuietly<T>(tfjsNode: string, load: () => T): T {
  const addon = path.join(tfjsNode, 'lib/napi-v8/weightmap_quiet.node');
  if (!fs.existsSync(addon)) return load();
  const { silence, restore } = require(addon) as {
    silence: () => number;
    restore: (descriptor: number) => void;
  };
  const descriptor = silence();
  try {
    return load();
  } finally {
    restore(descriptor);
  }
}
