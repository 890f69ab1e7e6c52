import { messageOf, WeightmapError } from '@weightmap/core';
import { look } from './look.js';
import { offeredInfos } from './offered-attacks.js';
import { openNetwork, type OpenNetwork } from './open-network.js';
import type { CallName, Calls, Reply, Request } from './protocol.js';
import { startBackend } from './start-backend.js';

const open = new Map<string, OpenNetwork>();

const calls: { [Name in CallName]: (argument: Calls[Name]['argument']) => Promise<Calls[Name]['result']> } = {
  start: async (wish) => ({ ...(await startBackend(wish)), attacks: offeredInfos }),
  async load({ network, ...request }) {
    const opened = await openNetwork(request);
    open.get(network)?.model.dispose();
    open.set(network, opened);
    return opened.facts;
  },
  async look({ network, ...request }) {
    const opened = open.get(network);
    if (!opened) throw new WeightmapError(`The network ${network} is not loaded.`);
    return look(opened, request);
  },
};

self.addEventListener('message', ({ data }: MessageEvent<Request>) => void answer(data));

async function answer({ id, call, argument }: Request): Promise<void> {
  const post = (reply: Reply) => self.postMessage(reply);
  try {
    post({ id, result: await calls[call](argument as never) });
  } catch (error) {
    post({ id, problem: error instanceof WeightmapError ? error.explain() : messageOf(error) });
  }
}
