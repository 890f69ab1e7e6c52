import { existsSync } from 'node:fs';
import path from 'node:path';
import { WeightmapError } from '@weightmap/core';

/**
 * The folder that `apps/explorer` is built into. The package of the command has a copy of it.
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
