import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import util from 'node:util';
import { messageOf } from '@weightmap/core';
import { registerFusedKernels } from './fused-kernels/index.js';
import { loadedBackend } from './tensorflow/backend.js';
import { loadQuietly } from './_quiet-load.js';
import { fixThreads } from './_threads.js';

const PACKAGE = '@tensorflow/tfjs-node-gpu';
// Under CommonJS the build replaces import.meta.url by the file's own address.
const require = createRequire(import.meta.url);

let problem: string | null | undefined;
let version: string | null = null;

/** Version of the loaded libtensorflow, or null. */
export const nativeVersion = (): string | null => version;

/** The command that links TensorFlow: the repository's own set-up, or the command that this package brings. */
export const linkCommand = (): string =>
  fs.existsSync(fileURLToPath(new URL('../tsconfig.json', import.meta.url)))
    ? 'npm run setup'
    : 'npx weightmap-engine install';

/** Why the native engine can't be loaded, found without loading it; null if no reason is known. */
export function nativeProblem(): string | null {
  if (problem !== undefined) return problem;
  let folder: string;
  try {
    folder = path.dirname(require.resolve(`${PACKAGE}/package.json`));
  } catch {
    return `${PACKAGE} is not installed (\`${linkCommand()}\` tells what to do)`;
  }
  if (!fs.existsSync(path.join(folder, 'lib/napi-v8/tfjs_binding.node')))
    return `libtensorflow is not linked (\`${linkCommand()}\` does it)`;
  if (!fs.existsSync(path.join(folder, 'deps/lib/libtensorflow.so')) && process.platform === 'linux')
    return `the libtensorflow it was linked to no longer exists (\`${linkCommand()}\` links it again)`;
  return null;
}

/** Loads TensorFlow's C library and registers tfjs's `tensorflow` backend; returns why that failed, or null. */
export async function loadNative(threads?: number): Promise<string | null> {
  if (problem !== undefined) return problem;
  problem = nativeProblem();
  if (problem) return problem;
  fixThreads(threads);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1'; // off in some builds, which makes convolutions several times slower
  restoreIsNullOrUndefined();
  try {
    const folder = path.dirname(require.resolve(`${PACKAGE}/package.json`));
    loadQuietly(folder, () => require(PACKAGE) as unknown);
    version = loadedBackend()!.binding.TF_Version;
    registerFusedKernels(folder);
  } catch (error) {
    problem = `TensorFlow does not load: ${messageOf(error).split('\n')[0]}`;
  }
  return problem;
}

/** Node 23 removed a function that tfjs-node still calls. */
function restoreIsNullOrUndefined(): void {
  const legacy = util as { isNullOrUndefined?: (value: unknown) => boolean };
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
}
