import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../../..');

/** What generators and the checks of their output need. */
const PARTS = ['packages', 'tools', 'apps/experiments', 'apps/explorer'];
const LEFT_OUT = /^(dist|out-tsc|\.vitest|\.vite|\.vite-temp|\.nx|native|parity)$/;

/**
 * A copy of the sources of this repository in a folder of its own, whose packages find each other there, and everything
 * else where this checkout has it installed.
 */
export async function copyRepository(): Promise<{ copy: string; remove: () => Promise<void> }> {
  const copy = await realpath(await mkdtemp(path.join(tmpdir(), 'weightmap-generated-')));
  const entries = await readdir(root, { withFileTypes: true });
  for (const { name } of entries.filter((entry) => entry.isFile()))
    await cp(path.join(root, name), path.join(copy, name));
  for (const part of PARTS)
    await cp(path.join(root, part), path.join(copy, part), {
      recursive: true,
      verbatimSymlinks: true, // pnpm's links between packages are relative
      filter: (source) => !LEFT_OUT.test(path.basename(source)),
    });
  await linkModules(copy);
  return { copy, remove: () => rm(copy, { recursive: true, force: true }) };
}

/** The root's own modules: links into pnpm's store, or into the workspace, which then is the copy's. */
async function linkModules(copy: string): Promise<void> {
  const modules = path.join(root, 'node_modules');
  await mkdir(path.join(copy, 'node_modules/@weightmap'), { recursive: true });
  for (const name of await readdir(modules))
    if (name !== '@weightmap' && !['.cache', '.tmp'].includes(name))
      await symlink(path.join(modules, name), path.join(copy, 'node_modules', name), 'junction');
  await symlink(
    path.join(copy, 'tools/nx-plugin'),
    path.join(copy, 'node_modules/@weightmap/nx-plugin'),
    'junction',
  );
}
