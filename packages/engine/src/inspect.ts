import fs from 'node:fs';
import os from 'node:os';
import type { EngineInfo } from './engine.js';
import { activeBackend } from './tensorflow/backend.js';

/** The machine's processor and memory, and the devices that the engine uses. */
export interface MachineReport {
  /** Model of the processor, as the operating system names it. */
  readonly cpu: string;
  /** Cores that this process may use. */
  readonly cores: number;
  /** Vector instructions that make kernels faster, such as `avx2` and `fma`. */
  readonly cpuFeatures: readonly string[];
  /** Memory of the machine in GiB, rounded to a tenth. */
  readonly memoryGiB: number;
  /** Devices that the engine computes on, such as `CPU:0`. */
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
  return activeBackend()?.isUsingGpuDevice ? ['GPU:0', 'CPU:0'] : ['CPU:0'];
}
