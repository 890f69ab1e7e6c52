// Emits the type declarations of all libraries by one compiler, a file for each source, into tools/release/out-tsc. tsup makes each
// package's own file of them. It doesn't check types, which `nx run-many -t typecheck` does.
import { cpSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { root } from '../_pnpm.mjs';
import { publicPackages } from './_packages.mjs';

const config = ts.readConfigFile(path.join(root, 'tsconfig.base.json'), ts.sys.readFile).config;
const outDir = path.join(root, 'tools/release/out-tsc');
const { options } = ts.parseJsonConfigFileContent(
  { ...config, files: [] },
  { ...ts.sys, readDirectory: () => [] },
  root,
  { composite: false, noCheck: true, rootDir: root, outDir },
);

/** The sources behind a package's entry points, and what it declares of modules that have no types. */
function sources({ folder, manifest }) {
  const entries = Object.values(manifest.exports).flatMap((entry) => entry['@weightmap/source'] ?? []);
  const declared = readdirSync(path.join(folder, 'src'))
    .filter((name) => name.endsWith('.d.ts'))
    .map((name) => `src/${name}`);
  return [...entries, ...declared].map((file) => path.join(folder, file));
}

rmSync(outDir, { recursive: true, force: true });
const program = ts.createProgram(publicPackages().flatMap(sources), options);
const { diagnostics } = program.emit();
// A declaration may take its type from a JSON file.
for (const { fileName } of program.getSourceFiles())
  if (fileName.endsWith('.json') && !fileName.includes('node_modules'))
    cpSync(fileName, path.join(outDir, path.relative(root, fileName)));
const problems = [...program.getSyntacticDiagnostics(), ...program.getGlobalDiagnostics(), ...diagnostics];
if (problems.length > 0) {
  const host = {
    getCurrentDirectory: () => root,
    getCanonicalFileName: (name) => name,
    getNewLine: () => '\n',
  };
  console.error(ts.formatDiagnostics(problems, host));
  process.exitCode = 1;
}
