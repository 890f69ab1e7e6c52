import type { Options } from 'tsup';

/** How every package is built: ESM and CJS with types; dependencies stay outside. */
export const packageBuild: Options = {
  entry: ['src/index.ts'],
  format: ['esm', 'cjs'],
  target: 'node20',
  clean: true,
  sourcemap: true,
  // Types come from the dependencies' builds, as a user's compiler would see them.
  dts: { compilerOptions: { customConditions: [], composite: false, emitDeclarationOnly: false } },
};
