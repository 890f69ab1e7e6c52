import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { extract } from 'tar';
import { root } from '../_pnpm.mjs';

/**
 * A project with the packed packages in its `node_modules`, made without a network: the tarballs unpacked, and what they depend on
 * linked from this workspace, where the lock file put it.
 */
export async function installOffline(packed, project) {
  const modules = path.join(project, 'node_modules');
  for (const { folder: source, tarball, manifest } of packed) {
    const folder = path.join(modules, manifest.name);
    await mkdir(folder, { recursive: true });
    await extract({ file: tarball, cwd: folder, strip: 1 });
    const others = {
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    };
    for (const name of Object.keys(others).filter((name) => !name.startsWith('@weightmap/')))
      await link(path.join(source, 'node_modules', name), path.join(modules, name));
  }
  await link(path.join(root, 'node_modules/@types/node'), path.join(modules, '@types/node'));
  await writeFile(path.join(project, 'package.json'), '{ "private": true }\n');
}

async function link(target, place) {
  await mkdir(path.dirname(place), { recursive: true });
  // A junction needs no rights on Windows; elsewhere the word is ignored.
  await symlink(target, place, 'junction').catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
}
