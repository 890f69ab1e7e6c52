// The files of a package share a process: what one has set in the environment ends with it.
import { afterAll, vi } from 'vitest';

// nx asks its tasks for colours. A process that a test starts would print them, or a warning beside NO_COLOR.
delete process.env.FORCE_COLOR;

afterAll(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});
