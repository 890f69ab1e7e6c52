import { defineConfig } from 'vitest/config';
import { inOneProcess } from '../../tools/vitest.base';

// Files that replace modules, fix the engine's threads or register components have a process of their own.
// Most of these tests wait for processes of the command: two files at a time. What the command prints here has no colours, as in
// those processes.
export default defineConfig(
  inOneProcess(
    {
      maxWorkers: 2,
      // One thread, as the command has: more cost time on small networks, and give other bits than its processes.
      env: { NO_COLOR: '1', TF_NUM_INTRAOP_THREADS: '1' },
      globalSetup: ['test/_shared-cache.ts'],
      setupFiles: ['test/_no-plugins-left.ts'],
    },
    ...[
      ...['approvals', 'check-networks', 'defended-cells', 'every-row', 'lease', 'measure-metrics'],
      ...['plugin', 'run-config', 'sharpness-frame'],
    ].map((name) => `test/${name}.test.ts`),
  ),
);
