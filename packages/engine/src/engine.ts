import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { loadNative, nativeProblem, nativeVersion } from './_native.js';
import { registerNativeOps } from './native-ops/index.js';
import { fusedKernels } from './fused-kernels/index.js';
import { loadWasm } from './_wasm.js';
import { threadsInUse } from './_threads.js';

/** `native`: TensorFlow's C library; `wasm`: WebAssembly with SIMD; `cpu`: plain JavaScript. Fastest first. */
export const ENGINE_NAMES = ['native', 'wasm', 'cpu'] as const;
/** A row of `ENGINE_NAMES`. */
export type EngineName = (typeof ENGINE_NAMES)[number];

/** The engine that runs, for provenance and `doctor`. */
export interface EngineInfo {
  /** Which of the three. */
  readonly name: EngineName;
  /** Version of libtensorflow; null for the other engines. */
  readonly tensorflow: string | null;
  /** Version of TensorFlow.js. */
  readonly tfjs: string;
  /** Threads that one operation may use. */
  readonly threads: number;
  /** How weight map layers run: by the native engine's compiled kernels, or composed of tfjs operations. */
  readonly kernels?: `fused (${string})` | 'composed';
  /** Why a faster engine isn't used, in one line; null if none is. */
  readonly slowerBecause: string | null;
}

/** Which engine, and how many threads of it. */
export interface EngineOptions {
  /** The engine to use. Default: WEIGHTMAP_ENGINE, else the fastest there is. */
  engine?: EngineName;
  /** Threads for the native engine. Default: TF_NUM_INTRAOP_THREADS, else one a core. Counts on the first start only. */
  threads?: number;
}

/** The engine asked for by WEIGHTMAP_ENGINE, or null. */
export function chosenEngine(): EngineName | null {
  const chosen = process.env.WEIGHTMAP_ENGINE;
  if (!chosen) return null;
  if (!(ENGINE_NAMES as readonly string[]).includes(chosen))
    throw new WeightmapError(`There is no engine "${chosen}".`, {
      where: 'environment variable WEIGHTMAP_ENGINE',
      expected: ENGINE_NAMES.join(', '),
      fix: 'correct it, or unset it for the fastest there is',
    });
  return chosen as EngineName;
}

/**
 * Starts an engine and makes it the backend of `@tensorflow/tfjs`. Starting it again is free; starting another switches.
 *
 * @throws WeightmapError if the engine asked for can't be had. Never throws when no engine is requested: `cpu` is always available.
 */
export async function startEngine({ engine, threads }: EngineOptions = {}): Promise<EngineInfo> {
  const wish = engine ?? chosenEngine();
  if (wish) {
    const problem = await load(wish, threads);
    if (problem)
      throw new WeightmapError(`The ${wish} engine can't be used: ${problem}`, {
        fix:
          wish === 'native'
            ? 'run `npm run setup`, or choose WEIGHTMAP_ENGINE=wasm'
            : 'choose another engine',
      });
    return info(wish, null);
  }
  let slowerBecause: string | null = null;
  for (const name of ENGINE_NAMES) {
    const problem = await load(name, threads);
    if (!problem) return info(name, slowerBecause);
    slowerBecause ??= `the ${name} engine can't be used: ${problem}`;
  }
  throw new Error(slowerBecause ?? 'no engine');
}

/** The engines that this machine can start; only the one named by WEIGHTMAP_ENGINE if it is set. */
export async function availableEngines(): Promise<EngineName[]> {
  const wish = chosenEngine();
  if (wish) return [wish];
  return nativeProblem() ? ['wasm', 'cpu'] : [...ENGINE_NAMES];
}

/** Loads an engine and selects it; returns what is in the way, or null. */
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

/** tfjs's cpu backend recommends tfjs-node at its first use; whoever chose it or has nothing else needn't hear it. */
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
