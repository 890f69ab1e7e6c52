import { fileURLToPath } from 'node:url';
import type { ViteUserConfig } from 'vitest/config';

// TensorFlow reads this when it is loaded, from the environment that the test process is started with.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';

const setup = fileURLToPath(new URL('vitest.setup.mjs', import.meta.url));

/** How every package is tested: on its sources and those of its siblings, no build needed. */
export const packageTests: ViteUserConfig = {
  resolve: { conditions: ['@weightmap/source'] },
  ssr: { resolve: { conditions: ['@weightmap/source', 'module', 'node', 'development|production'] } },
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: [setup],
    // The native TensorFlow is not safe across worker threads: child processes, one at a time.
    pool: 'forks',
    maxWorkers: 1,
    // They end what hangs. No test is about time: on a busy machine each may take ten times as long as alone.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    reporters: ['default', 'json'],
    outputFile: { json: '.vitest/results.json' },
  },
};

/**
 * As `packageTests`, with all files in one process, which loads TensorFlow.js and the sources once. A test leaves nothing behind that
 * its neighbours would see.
 *
 * @param more settings of the package; its `setupFiles` are those of the files that share a process.
 * @param alone files that replace modules, or need an engine that nobody has started: each has a process of its own.
 */
export function inOneProcess(
  more: NonNullable<ViteUserConfig['test']> = {},
  ...alone: string[]
): ViteUserConfig {
  const setupFiles = [setup, ...(more.setupFiles ?? [])];
  const base: ViteUserConfig = { ...packageTests, test: { ...packageTests.test, ...more, setupFiles } };
  if (alone.length === 0) return { ...base, test: { ...base.test, isolate: false } };
  const project = (name: string, own: NonNullable<ViteUserConfig['test']>) => ({
    ...base,
    test: { ...base.test, name, ...own },
  });
  const projects = [
    project('together', { isolate: false, exclude: alone }),
    project('alone', { include: alone, setupFiles: [setup] }),
  ];
  return { ...base, test: { ...base.test, projects } };
}
