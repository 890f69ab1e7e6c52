import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { list } from 'tar';
import { publicPackages, root } from './_packages.mjs';

const execute = promisify(execFile);
const { packageManager } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx';

/** Runs the project's pnpm, the version that the root manifest names. */
export const pnpm = (args, options) =>
  execute(npx, ['-y', packageManager, ...args], { maxBuffer: 2 ** 26, ...options });

/**
 * Packs every public package as `pnpm publish` would: `workspace:` and `catalog:` become versions.
 *
 * @returns for each package its id, tarball, manifest and files, sizes in bytes.
 */
export async function packAll(destination) {
  await mkdir(destination, { recursive: true });
  const packages = publicPackages();
  const { stdout } = await pnpm(
    [
      ...packages.map(({ manifest }) => `--filter=${manifest.name}`),
      ...['pack', '--json', '--pack-destination', destination],
    ],
    { cwd: root },
  );
  const made = JSON.parse(stdout);
  return Promise.all(
    packages.map(({ id, manifest }) => {
      const { filename } = made.find(({ name }) => name === manifest.name);
      return contentsOf(id, path.resolve(destination, path.basename(filename)));
    }),
  );
}

async function contentsOf(id, tarball) {
  const files = [];
  let manifest = '';
  await list({
    file: tarball,
    onReadEntry(entry) {
      const name = entry.path.replace(/^package\//, '');
      files.push({ name, bytes: entry.size });
      if (name === 'package.json') entry.on('data', (bytes) => (manifest += bytes));
    },
  });
  const packed = (await readFile(tarball)).length;
  const unpacked = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return { id, tarball, files, manifest: JSON.parse(manifest), packed, unpacked };
}
