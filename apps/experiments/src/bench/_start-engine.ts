import { startEngine } from '@weightmap/engine';
import type { Mode } from './modes.js';

/** Starts the engine for a mode; returns what is in the way, or null. */
export async function startEngineFor(mode: Mode, threads: number): Promise<string | null> {
  const engine = await startEngine({ threads });
  if (mode === 'fused' && !engine.kernels?.startsWith('fused'))
    return 'there are no fused kernels here: `npm run setup` tells why';
  if (mode !== 'eager' && engine.name !== 'native') return `the ${engine.name} engine doesn't compile`;
  return null;
}
