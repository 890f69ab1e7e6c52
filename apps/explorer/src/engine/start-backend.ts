import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plainBinary from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.wasm';
import simdBinary from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm';
import { messageOf } from '@weightmap/core';
import { engineNames, ENGINES, type EngineName, type Started, type StartRequest } from './protocol.js';

/**
 * Starts the requested engine, or the next one of the list that this browser supports; plain JavaScript always works.
 *
 * @throws Error if the engine is not available and no other may replace it.
 */
export async function startBackend({
  engine: wish,
  orSlower,
}: StartRequest): Promise<Omit<Started, 'attacks'>> {
  const problems: string[] = [];
  const first = ENGINES.indexOf(wish);
  for (const engine of ENGINES.slice(first, orSlower ? undefined : first + 1)) {
    const problem = await start(engine);
    if (problem === null) return { engine, instead: problems.join(' ') || null };
    problems.push(`${engineNames[engine]} is not available: ${problem}.`);
  }
  throw new Error(problems.join(' '));
}

/** Starts an engine. @returns the reason if it cannot start, else null. */
async function start(engine: EngineName): Promise<string | null> {
  try {
    if (engine === 'webgl' && tf.env().getNumber('WEBGL_VERSION') === 0)
      return 'the browser does not support it';
    if (engine === 'webgl' && !tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED'))
      return 'it computes with 16 bits, which is too few for small perturbations';
    if (engine === 'wasm') locateBinaries();
    // Suppresses tfjs's recommendation of its Node package.
    if (engine === 'cpu') (tf.findBackend('cpu') as { firstUse?: boolean }).firstUse = false;
    const isStarted = await tf.setBackend(engine);
    await tf.ready();
    return isStarted ? null : 'it does not start';
  } catch (error) {
    return messageOf(error);
  }
}

/** Uses the binaries in this script. Threads would need HTTP headers, which only a server can send. */
function locateBinaries(): void {
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setWasmPaths({
    'tfjs-backend-wasm.wasm': plainBinary,
    'tfjs-backend-wasm-simd.wasm': simdBinary,
    'tfjs-backend-wasm-threaded-simd.wasm': simdBinary,
  });
}
