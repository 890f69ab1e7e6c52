import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { loadedBackend } from '../tensorflow/backend.js';
import { registerGradients } from './_gradients.js';
import { registerKernels } from './_kernels.js';

// Under CommonJS the build replaces import.meta.url by the file's own address.
const require = createRequire(import.meta.url);

let simd: string | null | undefined;

/**
 * Registers the weight map layers' fused kernels and their gradients with tfjs, if the addon has been compiled
 * (`npm run setup` does it where there is a compiler). Call it once TensorFlow is loaded.
 *
 * Without the addon the layers run their composed form, with the same results; so they do on a GPU (the kernels are for
 * processors) and where WEIGHTMAP_KERNELS=composed is set, for comparisons and debugging.
 *
 * @param tfjsNode folder of the npm package whose TensorFlow is loaded: the addon lies beside its binding.
 * @returns the vector instructions in use, such as `avx2`; null if there is no addon or it doesn't load.
 */
export function registerFusedKernels(tfjsNode: string): string | null {
  if (simd !== undefined) return simd;
  simd = null;
  if (process.env.WEIGHTMAP_KERNELS === 'composed') return simd;
  const addon = path.join(tfjsNode, 'lib/napi-v8/weightmap_kernels.node');
  if (!fs.existsSync(addon) || loadedBackend()?.isUsingGpuDevice) return simd;
  try {
    simd = (require(addon) as { simd: string }).simd;
  } catch {
    return simd; // compiled for another TensorFlow: `npm run setup` compiles it again
  }
  registerKernels();
  registerGradients();
  return simd;
}

/** The vector instructions of the fused kernels, such as `avx2`; null if they are not registered. */
export const fusedKernels = (): string | null => simd ?? null;
