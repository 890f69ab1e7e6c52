// Writes docs/attacks/ and the tables of this package's README from the sources; --check only lists files that are out of date.
import path from 'node:path';
import { createServer } from 'vite';

const conditions = ['@weightmap/source'];
const server = await createServer({
  root: path.resolve(import.meta.dirname, '..'),
  configFile: false,
  logLevel: 'error',
  server: { middlewareMode: true, watch: null, ws: false },
  optimizeDeps: { noDiscovery: true },
  resolve: { conditions },
  ssr: { resolve: { conditions: [...conditions, 'module', 'node', 'development|production'] } },
});
try {
  const { attacks } = await server.ssrLoadModule('/src/registry.ts');
  const { attackDocs, staleFiles, writeFiles } = await server.ssrLoadModule('/pages/generate.ts');
  const files = await attackDocs(attacks);
  const stale = staleFiles(files).map((file) => path.relative(process.cwd(), file));
  if (!process.argv.includes('--check')) writeFiles(files);
  for (const file of stale) console.log(file);
  if (process.argv.includes('--check') && stale.length > 0) {
    console.error('Out of date; to update: npx nx run attacks:docs');
    process.exitCode = 1;
  }
} finally {
  await server.close();
}
