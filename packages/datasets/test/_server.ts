import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';

export interface Seen {
  path: string;
  range: string | undefined;
}

type Answer = (response: ServerResponse, request: IncomingMessage, seen: Seen[]) => void;

/** A server on this machine for one test; `seen` are the requests it got. */
export function useServers(): (answer: Answer) => Promise<{ url: string; seen: Seen[] }> {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });
  return async (answer) => {
    const seen: Seen[] = [];
    const server = createServer((request, response) => {
      seen.push({ path: request.url ?? '', range: request.headers.range });
      answer(response, request, seen);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen };
  };
}

/** Sends `bytes` as a server does that knows Range. */
export function sendRange(response: ServerResponse, request: IncomingMessage, bytes: Uint8Array): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (request.headers.range === undefined)
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  else if (start >= bytes.length)
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
  else
    response
      .writeHead(206, {
        'content-length': bytes.length - start,
        'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      })
      .end(bytes.subarray(start));
}

/** Promises all bytes and sends the first half; `hangUp` then breaks the connection off. */
export function breaksOff() {
  const open: ServerResponse[] = [];
  return {
    begin: (response: ServerResponse, bytes: Uint8Array): void => {
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, bytes.length / 2));
      open.push(response);
    },
    /** A listener of the download's progress: by then the half has been stored. */
    hangUp: ({ done, total }: { done: number; total: number }): void => {
      if (done === Math.floor(total / 2)) for (const response of open.splice(0)) response.destroy();
    },
  };
}
