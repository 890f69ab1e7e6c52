import type { ShownNetwork } from '@weightmap/core';
import { loadNetwork } from './files/data-files.js';
import { startEngine } from './engine/engine.js';
import type {
  CurvePoint,
  CurveRequest,
  Look,
  NetworkFacts,
  Started,
  StartRequest,
} from './engine/protocol.js';
import type { Wish } from './wish.js';

/** An engine with the networks loaded in it. */
export interface Session {
  readonly started: Started;
  /** Loads a network once, and again after a failure. */
  load(network: ShownNetwork): Promise<NetworkFacts>;
  /** Attacks and explains an image with a loaded network. */
  look(network: ShownNetwork, wish: Wish): Promise<Look>;
  /** Whether the attack succeeds at each of some strengths. */
  attempt(network: ShownNetwork, wish: Wish, strengths: readonly number[]): Promise<readonly boolean[]>;
  /** Attacks images of a set, and adds the result to a curve. */
  addToCurve(
    network: ShownNetwork,
    wish: Wish,
    part: Pick<CurveRequest, 'pixels' | 'labels' | 'start' | 'points'>,
  ): Promise<readonly CurvePoint[]>;
  /** Ends the engine; pending requests fail. */
  end(): void;
}

/** Starts the requested engine. @param signal ends it, also while it starts. */
export async function startSession(request: StartRequest, signal?: AbortSignal): Promise<Session> {
  const engine = await startEngine(request, signal);
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
    look: ({ file }, wish) => engine.ask('look', { network: file, ...aimOf(wish), strength: wish.strength }),
    attempt: ({ file }, wish, strengths) =>
      engine.ask('attempt', { network: file, ...aimOf(wish), strengths }),
    addToCurve: ({ file }, { attack, target, seed }, part) =>
      engine.ask('curve', { network: file, attack: attack.id, target, seed, ...part }),
    end: () => engine.end(),
  };
}

const aimOf = ({ image: { pixels, label }, attack, target, seed }: Wish) => ({
  ...{ pixels, label, attack: attack.id, target, seed },
});
