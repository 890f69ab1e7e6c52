import { messageOf } from '@weightmap/core';
import { registerMissingWasmKernels } from './_wasm-kernels.js';

let problem: string | null | undefined;

/** Registers tfjs's `wasm` backend and the gradient kernels it lacks; returns what is in the way, or null. */
export async function loadWasm(): Promise<string | null> {
  if (problem !== undefined) return problem;
  try {
    await import('@tensorflow/tfjs-backend-wasm');
    registerMissingWasmKernels();
    problem = null;
  } catch (error) {
    problem = messageOf(error).split('\n')[0];
  }
  return problem;
}
