// Runs the TypeScript sources of the repository without a build.
import path from 'node:path';
import { createServer } from 'vite';

const conditions = ['@weightmap/source'];

/** Loads modules of this folder, which share what they import; the caller closes the server. */
export async function loadSources(...files) {
  const server = await createServer({
    root: import.meta.dirname,
    configFile: false,
    logLevel: 'error',
    server: { middlewareMode: true, watch: null, ws: false },
    optimizeDeps: { noDiscovery: true },
    resolve: { conditions },
    ssr: { resolve: { conditions: [...conditions, 'module', 'node', 'development|production'] } },
  });
  const modules = [];
  for (const file of files) modules.push(await server.ssrLoadModule(path.join(import.meta.dirname, file)));
  return { modules, close: () => server.close() };
}
