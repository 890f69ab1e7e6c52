import { existsSync } from 'node:fs';
import path from 'node:path';
import { WeightmapError } from '@weightmap/core';

/** What the page consists of, without networks: those are each run's own. */
export const PAGE_FILES = ['index.html', 'explorer.js', 'explorer.css'] as const;

/**
 * The folder that `apps/explorer` is built into. It is no dependency: nothing else here needs it, so nothing else should
 * have to wait for its build.
 *
 * @throws WeightmapError if it has not been built.
 */
export function builtPage(): string {
  for (let folder = import.meta.dirname; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const page = path.join(folder, 'explorer/dist');
    if (existsSync(path.join(page, 'explorer.js'))) return page;
  }
  throw new WeightmapError('The explorer has not been built.', {
    where: 'apps/explorer/dist',
    fix: '`npx nx build explorer`',
  });
}
