import type { Options } from 'tsup';

/** How every package is built: ESM and CJS with types; dependencies stay outside. */
export const packageBuild: Options = {
  entry: ['src/index.ts'],
  format: ['esm', 'cjs'],
  target: 'node20',
  clean: true,
  sourcemap: true,
  // A source map holds all sources: one for the modules is enough, a second one would be a third of the package.
  esbuildOptions(options, { format }) {
    if (format === 'cjs') options.sourcemap = false;
  },
  // Types come from the dependencies' builds, as a user's compiler would see them.
  dts: { compilerOptions: { customConditions: [], composite: false, emitDeclarationOnly: false } },
};
