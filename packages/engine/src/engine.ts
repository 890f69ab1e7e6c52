import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { linkCommand, loadNative, nativeProblem, nativeVersion } from './_native.js';
import { registerNativeOps } from './native-ops/index.js';
import { fusedKernels } from './fused-kernels/index.js';
import { loadWasm } from './_wasm.js';
import { threadsInUse } from './_threads.js';

/** `native`: TensorFlow's C library; `wasm`: WebAssembly with SIMD; `cpu`: plain JavaScript. Fastest first. */
export const ENGINE_NAMES = ['native', 'wasm', 'cpu'] as const;
/** Name of an engine: `native`, `wasm` or `cpu`. */
export type EngineName = (typeof ENGINE_NAMES)[number];

/** The engine that was started, its versions and its threads. */
export interface EngineInfo {
  /** Its name. */
  readonly name: EngineName;
  /** Version of libtensorflow; null for the other engines. */
  readonly tensorflow: string | null;
  /** Version of TensorFlow.js. */
  readonly tfjs: string;
  /** Number of threads that one operation may use. */
  readonly threads: number;
  /** How weight map layers run: by the native engine's compiled kernels, or composed of tfjs operations. */
  readonly kernels?: `fused (${string})` | 'composed';
  /** Why a faster engine could not be used, in one line; null if this is the fastest or was requested. */
  readonly slowerBecause: string | null;
}

/** The engine to start, and its threads. */
export interface EngineOptions {
  /** The engine to use. Default: WEIGHTMAP_ENGINE, else the fastest available. */
  engine?: EngineName;
  /** Threads of the native engine. Default: TF_NUM_INTRAOP_THREADS, else one for each core. Has an effect only on the first start. */
  threads?: number;
  /**
   * Gets one line if no engine is requested and the fastest one can't be used: why, and the command that changes it.
   * Default: a warning of the process (`process.emitWarning`).
   */
  onSlower?: (line: string) => unknown;
}

/**
 * The engine that WEIGHTMAP_ENGINE requests, or null.
 *
 * @throws WeightmapError if it names no engine.
 */
export function chosenEngine(): EngineName | null {
  const chosen = process.env.WEIGHTMAP_ENGINE;
  if (!chosen) return null;
  if (!(ENGINE_NAMES as readonly string[]).includes(chosen))
    throw new WeightmapError(`There is no engine "${chosen}".`, {
      where: 'environment variable WEIGHTMAP_ENGINE',
      expected: ENGINE_NAMES.join(', '),
      fix: 'correct it, or unset it to use the fastest available engine',
    });
  return chosen as EngineName;
}

/**
 * Starts an engine and makes it the backend of `@tensorflow/tfjs`. Call it before any tensor is made.
 *
 * Starting the same engine again costs nothing; starting another one switches to it.
 *
 * @throws WeightmapError if the requested engine is not available. Never throws when no engine is requested: `cpu` always works.
 */
export async function startEngine({
  engine,
  threads,
  onSlower = (line) => process.emitWarning(line),
}: EngineOptions = {}): Promise<EngineInfo> {
  const requested = engine ?? chosenEngine();
  if (requested) {
    const problem = await load(requested, threads);
    if (problem)
      throw new WeightmapError(`The ${requested} engine can't be used: ${problem}`, {
        fix:
          requested === 'native'
            ? `run \`${linkCommand()}\`, or choose WEIGHTMAP_ENGINE=wasm`
            : 'choose another engine',
      });
    return info(requested, null);
  }
  let slowerBecause: string | null = null;
  for (const name of ENGINE_NAMES) {
    const problem = await load(name, threads);
    if (!problem) {
      if (slowerBecause)
        onSlower(`weightmap: ${slowerBecause}; the ${name} engine is used, which is slower.`);
      return info(name, slowerBecause);
    }
    slowerBecause ??= `the ${name} engine can't be used: ${problem}`;
  }
  throw new Error(slowerBecause ?? 'no engine');
}

/** The engines that this machine can start; if WEIGHTMAP_ENGINE is set, only that one. */
export async function availableEngines(): Promise<EngineName[]> {
  const requested = chosenEngine();
  if (requested) return [requested];
  return nativeProblem() ? ['wasm', 'cpu'] : [...ENGINE_NAMES];
}

/** Loads an engine and selects it; returns why that failed, or null. */
async function load(name: EngineName, threads?: number): Promise<string | null> {
  if (name === 'native') {
    const problem = await loadNative(threads);
    if (problem) return problem;
    registerNativeOps();
  }
  if (name === 'wasm') {
    const problem = await loadWasm();
    if (problem) return problem;
  }
  if (name === 'cpu') silenceBanner();
  const backend = name === 'native' ? 'tensorflow' : name;
  const selected = await tf.setBackend(backend);
  await tf.ready();
  return selected ? null : `tfjs could not start its ${backend} backend`;
}

/** Turns off the recommendation of tfjs-node that tfjs's cpu backend prints at its first use. */
function silenceBanner(): void {
  (tf.findBackend('cpu') as { firstUse?: boolean }).firstUse = false;
}

const info = (name: EngineName, slowerBecause: string | null): EngineInfo => ({
  name,
  tensorflow: name === 'native' ? nativeVersion() : null,
  tfjs: tf.version_core,
  threads: name === 'native' ? threadsInUse() : 1,
  kernels: name === 'native' && fusedKernels() ? `fused (${fusedKernels()})` : 'composed',
  slowerBecause,
});
