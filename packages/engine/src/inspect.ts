import fs from 'node:fs';
import os from 'node:os';
import * as tf from '@tensorflow/tfjs';
import type { EngineInfo } from './engine.js';

/** What the machine offers and what the engine uses of it, for `weightmap doctor`. */
export interface MachineReport {
  /** Model, as the operating system names it. */
  readonly cpu: string;
  /** Cores that this process may use. */
  readonly cores: number;
  /** Vector instructions that kernels profit from, such as `avx2` and `fma`. */
  readonly cpuFeatures: readonly string[];
  /** Of the machine, rounded to a tenth. */
  readonly memoryGiB: number;
  /** What the engine computes on. */
  readonly devices: readonly string[];
}

const FEATURES = [
  'sse4_1',
  'sse4_2',
  'avx',
  'avx2',
  'fma',
  'avx512f',
  'avx512bw',
  'avx512_vnni',
  'avx512_bf16',
  'amx_tile',
  'asimd',
  'sve',
];

/** Describes the machine as the started engine sees it. */
export function inspectMachine(engine: EngineInfo): MachineReport {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? process.arch,
    cores: os.availableParallelism(),
    cpuFeatures: cpuFeatures(),
    memoryGiB: Math.round((os.totalmem() / 2 ** 30) * 10) / 10,
    devices: devices(engine),
  };
}

/** From /proc/cpuinfo, where there is one. */
function cpuFeatures(): string[] {
  try {
    const flags = /^(?:flags|Features)\s*:(.*)$/m
      .exec(fs.readFileSync('/proc/cpuinfo', 'utf8'))?.[1]
      .trim()
      .split(/\s+/);
    return FEATURES.filter((feature) => flags?.includes(feature));
  } catch {
    return [];
  }
}

function devices(engine: EngineInfo): string[] {
  if (engine.name !== 'native') return [engine.name === 'wasm' ? 'WebAssembly (SIMD)' : 'JavaScript'];
  const { isUsingGpuDevice } = tf.backend() as { isUsingGpuDevice?: boolean };
  return isUsingGpuDevice ? ['GPU:0', 'CPU:0'] : ['CPU:0'];
}
