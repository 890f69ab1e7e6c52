import { messageOf } from '@weightmap/core';
import { registerWasmKernels } from './_wasm-kernels.js';

let problem: string | null | undefined;

/** Registers tfjs's `wasm` backend and the gradient kernels it lacks; returns why that failed, or null. */
export async function loadWasm(): Promise<string | null> {
  if (problem !== undefined) return problem;
  try {
    await import('@tensorflow/tfjs-backend-wasm');
    registerWasmKernels();
    problem = null;
  } catch (error) {
    problem = messageOf(error).split('\n')[0];
  }
  return problem;
}
