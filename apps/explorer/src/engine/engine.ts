import workerScript from './worker.js?script';
import type { CallName, Calls, Reply, Started, StartRequest } from './protocol.js';

/** tfjs in a worker, so that the page stays responsive. */
export interface Engine extends Started {
  ask<Name extends CallName>(call: Name, argument: Calls[Name]['argument']): Promise<Calls[Name]['result']>;
  /** Ends the worker and frees its memory; pending requests fail. */
  end(): void;
}

/**
 * Starts a worker with the requested engine.
 *
 * @param signal ends the worker, also while it starts.
 * @throws Error if the worker cannot be started, or the engine is not available and no other may replace it.
 */
export async function startEngine(request: StartRequest, signal?: AbortSignal): Promise<Engine> {
  const address = URL.createObjectURL(new Blob([workerScript], { type: 'text/javascript' }));
  const worker = new Worker(address);
  const waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  let asked = 0;
  worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if ('problem' in data) call?.reject(new Error(data.problem));
    else call?.resolve(data.result as never);
  });
  const fail = (why: string) => {
    for (const { reject } of waiting.values()) reject(new Error(why));
    waiting.clear();
  };
  worker.addEventListener('error', ({ message }) => fail(`The engine failed: ${message}`));
  const ask: Engine['ask'] = (call, argument) =>
    new Promise((resolve, reject) => {
      const id = asked++;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, call, argument });
    });
  const end = () => {
    worker.terminate();
    fail('The engine was stopped.');
  };
  signal?.addEventListener('abort', end);
  try {
    return { ...(await ask('start', request)), ask, end };
  } catch (error) {
    end();
    throw error;
  } finally {
    URL.revokeObjectURL(address);
  }
}
