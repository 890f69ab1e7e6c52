import type { ShownNetwork } from '@weightmap/core';
import { loadNetwork } from './files/data-files.js';
import { startEngine } from './engine/engine.js';
import type { EngineName, Look, NetworkFacts, Started } from './engine/protocol.js';
import type { Wish } from './state.js';

/** An engine and the networks that it holds. */
export interface Session {
  readonly started: Started;
  /** Loads a network once; again if it failed. */
  load(network: ShownNetwork): Promise<NetworkFacts>;
  /** Of a network that was loaded. */
  look(network: ShownNetwork, wish: Wish): Promise<Look>;
  /** Whatever was asked fails. */
  end(): void;
}

/** Starts the engine asked for, or a slower one where there is none. */
export async function startSession(wish: EngineName): Promise<Session> {
  const engine = await startEngine(wish);
  const loading = new Map<string, Promise<NetworkFacts>>();

  async function load({ file, gradCamLayer }: ShownNetwork): Promise<NetworkFacts> {
    const stored = await loadNetwork(file);
    return engine.ask('load', { network: file, stored, gradCamLayer });
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
