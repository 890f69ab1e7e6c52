// Compiles, lints and checks the format of files: in one process, so that the linter takes its types from the compiler's program.
// `node _checks.mjs <tsconfig> <file> …` prints what each finds fault with, as JSON.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ESLint } from 'eslint';
import { check, resolveConfig } from 'prettier';
import ts from 'typescript';

const [tsconfig, ...files] = process.argv.slice(2);
const host = {
  getCurrentDirectory: () => process.cwd(),
  getCanonicalFileName: (name) => name,
  getNewLine: () => '\n',
};

const { config } = ts.readConfigFile(tsconfig, ts.sys.readFile);
const { fileNames, options, errors } = ts.parseJsonConfigFileContent(config, ts.sys, path.dirname(tsconfig));
const program = ts.createProgram(fileNames, options);
// What was generated and changed, and what reads the changed registries: no other file sees a difference.
const wanted = new Set(files.map((file) => path.resolve(file)));
const seeing = program
  .getSourceFiles()
  .filter(
    ({ fileName, text }) => wanted.has(fileName) || /from '[./]+\/(registry|variants|index)\.js'/.test(text),
  );
const found = [
  ...errors,
  ...program.getGlobalDiagnostics(),
  ...seeing.flatMap((file) => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ]),
];
const compiled = found.map((one) => ts.formatDiagnostic(one, host));
if (!files.every((file) => program.getSourceFile(path.resolve(file))))
  compiled.push('a file is not part of the program');

// As everything is linted here, but for where the types come from.
const eslint = new ESLint({
  overrideConfig: {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: false, programs: [program] } },
  },
});
const results = await eslint.lintFiles(files);
const linted = results.flatMap(({ filePath, messages }) =>
  messages.map(({ line, message, ruleId }) => `${filePath}:${line}: ${message} (${ruleId})`),
);

const formatted = [];
for (const file of files) {
  const text = await readFile(file, 'utf8');
  if (!(await check(text, { ...(await resolveConfig(file)), filepath: file }))) formatted.push(file);
}
const checked = results.map(({ filePath }) => path.relative(process.cwd(), filePath));
console.log(JSON.stringify({ checked, compiled, linted, formatted }));
