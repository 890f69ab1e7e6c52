import { createServer } from 'node:http';
import { once } from 'node:events';
import { messageOf, WeightmapError } from '@weightmap/core';
import sirv from 'sirv';

/**
 * Serves a folder's files to this machine alone, until the signal stops it.
 *
 * @param port 0 for any that is free.
 * @param onReady gets the address.
 * @throws WeightmapError if the port is taken.
 */
export async function serve(
  folder: string,
  { port, signal, onReady }: { port: number; signal: AbortSignal; onReady: (address: string) => void },
): Promise<void> {
  const server = createServer(sirv(folder, { dev: true }));
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    throw new WeightmapError(`The page cannot be served: ${messageOf(error)}`, {
      where: `port ${port}`,
      fix: 'choose another by --port, or 0 for any that is free',
    });
  }
  const { port: found } = server.address() as { port: number };
  onReady(`http://127.0.0.1:${found}/`);
  if (!signal.aborted) await once(signal, 'abort');
  server.closeAllConnections();
  server.close();
}
