// Which packages are published, and what holds for each of them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../_pnpm.mjs';

/** The packages that run in browsers: nothing of Node, nothing native, one peer. */
export const pure = ['core', 'wm-layers', 'architectures', 'attacks', 'defenses', 'metrics', 'zoo'];

const packageIn = (folder) => ({
  folder,
  id: path.basename(folder),
  manifest: JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')),
});

/** The libraries that aren't private: folder, its name, manifest. */
export const publicPackages = () =>
  readdirSync(path.join(root, 'packages'))
    .map((name) => path.join(root, 'packages', name))
    .filter((folder) => existsSync(path.join(folder, 'package.json')))
    .map(packageIn)
    .filter(({ manifest }) => !manifest.private);

/** The package of the command `weightmap`. */
export const commandPackage = () => packageIn(path.join(root, 'apps/experiments'));
