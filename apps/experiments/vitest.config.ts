import { defineConfig } from 'vitest/config';
import { inOneProcess } from '../../tools/vitest.base';

// Most of these tests wait for processes of the command: two files at a time. What the command prints here has no colours, as in
// those processes.
export default defineConfig(
  inOneProcess(
    { maxWorkers: 2, env: { NO_COLOR: '1' } },
    ...['approvals', 'lease', 'run-config', 'every-row'].map((name) => `test/${name}.test.ts`),
  ),
);
