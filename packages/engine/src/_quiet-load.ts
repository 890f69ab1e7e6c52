import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';

// Under CommonJS the build replaces import.meta.url by the file's own address.
const require = createRequire(import.meta.url);

/**
 * Runs `load` with the standard error sent nowhere, if the little addon for it has been compiled.
 *
 * TensorFlow greets there when it is loaded, and no setting keeps it from doing so. What `load` throws is thrown on.
 *
 * @param tfjsNode folder of the npm package whose TensorFlow is loaded: the addon lies beside its binding
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
