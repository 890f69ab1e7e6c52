import type { ShownNetwork } from '@weightmap/core';
import { loadNetwork } from './files/data-files.js';
import { startEngine } from './engine/engine.js';
import type { EngineName, Look, NetworkFacts, Started } from './engine/protocol.js';
import type { Wish } from './state.js';

/** An engine with the networks loaded in it. */
export interface Session {
  readonly started: Started;
  /** Loads a network once, and again after a failure. */
  load(network: ShownNetwork): Promise<NetworkFacts>;
  /** Attacks and explains an image with a loaded network. */
  look(network: ShownNetwork, wish: Wish): Promise<Look>;
  /** Ends the engine; pending requests fail. */
  end(): void;
}

/** Starts the requested engine, or a slower one if it is not available. */
export async function startSession(wish: EngineName): Promise<Session> {
  const engine = await startEngine(wish);
  const loading = new Map<string, Promise<NetworkFacts>>();

  async function load({ file, gradCamLayer, answers }: ShownNetwork): Promise<NetworkFacts> {
    const stored = await loadNetwork(file);
    return engine.ask('load', {
      network: file,
      stored,
      gradCamLayer,
      ...(answers !== undefined && { answers }),
    });
  }

  return {
    started: engine,
    load(network) {
      const begun = loading.get(network.file) ?? load(network);
      loading.set(network.file, begun);
      begun.catch(() => loading.delete(network.file));
      return begun;
    },
    look({ file }, { image: { pixels, label }, attack, strength, seed }) {
      return engine.ask('look', { network: file, pixels, label, attack: attack.id, strength, seed });
    },
    end: () => engine.end(),
  };
}
