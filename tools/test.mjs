// Runs every project's tests and adds them up. Arguments go to nx: `node tools/test.mjs -p attacks`.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const projects = ['packages', 'apps', 'tools', '.']
  .flatMap((folder) => fs.readdirSync(path.join(root, folder)).map((name) => path.join(root, folder, name)))
  .filter((folder) => fs.existsSync(path.join(folder, 'vitest.config.ts')));
const results = (project) => path.join(project, '.vitest/results.json');
for (const project of projects) fs.rmSync(results(project), { force: true });

const nx = path.join(root, 'node_modules/nx/dist/bin/nx.js');
const args = ['run-many', '-t', 'test', '--parallel=2', '--outputStyle=static', ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, [nx, ...args], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  // A process for each of nx's plugins would take as long as the tests of a small package.
  env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', NX_ISOLATE_PLUGINS: 'false' },
});

const totals = { passed: 0, failed: 0, skipped: 0 };
for (const project of projects.filter((folder) => fs.existsSync(results(folder)))) {
  const { numTotalTests, numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } =
    JSON.parse(fs.readFileSync(results(project), 'utf8'));
  totals.passed += numPassedTests;
  totals.failed += numFailedTests;
  totals.skipped += numPendingTests;
  const failures = testResults.flatMap(({ name, status: of, assertionResults }) => {
    const tests = assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => `${name}: ${test.fullName}`);
    // A file that breaks before its first test fails no test of its own.
    if (of === 'failed' && tests.length === 0) totals.failed++;
    return of === 'failed' && tests.length === 0 ? [name] : tests;
  });
  // A process of tests that ends early leaves tests that were neither run nor skipped; vitest counts them nowhere.
  const lost = numTotalTests - numPassedTests - numFailedTests - numPendingTests - numTodoTests;
  totals.failed += lost;
  if (lost > 0) failures.push(`${project}: ${lost} tests did not run: a process of tests ended early`);
  for (const failure of failures) console.log(`failed: ${path.relative(root, failure)}`);
}
// A run that broke without saying which test did is a failure, too.
if (status !== 0 && totals.failed === 0) totals.failed = 1;
console.log(
  `${totals.passed} passed, ${totals.failed} failed${totals.skipped ? `, ${totals.skipped} skipped` : ''}`,
);
process.exitCode = totals.failed || totals.passed === 0 ? 1 : 0;
