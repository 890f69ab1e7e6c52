import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Options } from 'tsup';

/**
 * How every package is built: ESM and CJS with types; dependencies stay outside.
 *
 * @param entries names of the modules in `src` that users import.
 */
export function packageBuild(entries = ['index'], more: Options = {}): Options {
  // Made for all packages at once, by `nx run release:declarations`: a compiler for each would take most of the build's time.
  const declarations = fileURLToPath(new URL('release/out-tsc/packages', import.meta.url));
  const types = path.join(declarations, path.basename(process.cwd()), 'src');
  return {
    entry: entries.map((name) => `src/${name}.ts`),
    format: ['esm', 'cjs'],
    target: 'node20',
    clean: true,
    sourcemap: true,
    // A source map holds all sources: one for the modules is enough, a second one would be a third of the package.
    esbuildOptions(options, { format }) {
      if (format === 'cjs') options.sourcemap = false;
    },
    dts: {
      entry: Object.fromEntries(entries.map((name) => [name, path.join(types, `${name}.d.ts`)])),
      compilerOptions: { customConditions: [], composite: false, emitDeclarationOnly: false },
    },
    ...more,
  };
}
