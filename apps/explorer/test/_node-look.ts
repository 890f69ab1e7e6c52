import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runInThisContext } from 'node:vm';
import type { ShownBenchmark, ShownNetwork, Showcase, StoredNetwork } from '@weightmap/core';
import { bytesOf } from '../src/files/base64.js';
import { look } from '../src/engine/look.js';
import { openNetwork, type OpenNetwork } from '../src/engine/open-network.js';
import type { Look, LookRequest } from '../src/engine/protocol.js';

/** What a data file of the demonstration holds. */
function stored(name: string): unknown {
  const file = path.join(import.meta.dirname, '../public/networks', `${name}.js`);
  runInThisContext(readFileSync(file, 'utf8'));
  return globalThis.weightmapData?.[name];
}

export const benchmark: ShownBenchmark = (stored('showcase') as Showcase).benchmarks[0];

/** A network of the demonstration. The caller disposes its model. */
export const openInNode = ({ file, gradCamLayer }: ShownNetwork): Promise<OpenNetwork> =>
  openNetwork({ stored: stored(file) as StoredNetwork, gradCamLayer });

/** What a network of the demonstration makes of an image, computed here. */
export async function lookInNode(
  shown: ShownNetwork,
  image: number,
  request: Pick<LookRequest, 'attack' | 'strength' | 'seed'> & { target?: number },
): Promise<Look> {
  const network = await openInNode(shown);
  const { label, pixels } = benchmark.images[image];
  try {
    return look(network, {
      target: null,
      ...request,
      label,
      pixels: Float32Array.from(bytesOf(pixels), (byte) => byte / 255),
    });
  } finally {
    network.model.dispose();
  }
}
