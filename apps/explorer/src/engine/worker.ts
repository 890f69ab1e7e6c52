import { messageOf, WeightmapError } from '@weightmap/core';
import { addToCurve, attempt, look } from './look.js';
import { offeredInfos } from './offered-attacks.js';
import { openNetwork, type OpenNetwork } from './open-network.js';
import type { CallName, Calls, Reply, Request } from './protocol.js';
import { startBackend } from './start-backend.js';

const open = new Map<string, OpenNetwork>();

const calls: { [Name in CallName]: (argument: Calls[Name]['argument']) => Promise<Calls[Name]['result']> } = {
  start: async (wish) => ({ ...(await startBackend(wish)), attacks: offeredInfos }),
  async load({ network, ...request }) {
    const loaded = await openNetwork(request);
    open.get(network)?.model.dispose();
    open.set(network, loaded);
    return loaded.facts;
  },
  look: async ({ network, ...request }) => look(opened(network), request),
  attempt: async ({ network, ...request }) => attempt(opened(network), request),
  curve: async ({ network, ...request }) => addToCurve(opened(network), request),
};

/** @throws WeightmapError if the network is not loaded. */
function opened(network: string): OpenNetwork {
  const found = open.get(network);
  if (!found) throw new WeightmapError(`The network ${network} is not loaded.`);
  return found;
}

self.addEventListener('message', ({ data }: MessageEvent<Request>) => void answer(data));

async function answer({ id, call, argument }: Request): Promise<void> {
  const post = (reply: Reply) => self.postMessage(reply);
  try {
    post({ id, result: await calls[call](argument as never) });
  } catch (error) {
    post({ id, problem: error instanceof WeightmapError ? error.explain() : messageOf(error) });
  }
}
