import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { list } from 'tar';
import { pnpm } from '../_pnpm.mjs';
import { commandPackage, publicPackages } from './_packages.mjs';

/**
 * Packs the libraries and the command as `pnpm publish` would: `workspace:` and `catalog:` become versions.
 *
 * @returns for each package its id, folder, tarball, manifest and files, sizes in bytes.
 */
export async function packAll(destination) {
  await mkdir(destination, { recursive: true });
  const packages = [...publicPackages(), commandPackage()];
  const { stdout } = await pnpm([
    ...packages.map(({ manifest }) => `--filter=${manifest.name}`),
    ...['pack', '--json', '--pack-destination', destination],
  ]);
  // What the packages' own scripts print comes before it.
  const made = JSON.parse(stdout.slice(stdout.search(/^\[$/m)));
  return Promise.all(
    packages.map(({ id, folder, manifest }) => {
      const { filename } = made.find(({ name }) => name === manifest.name);
      return contentsOf({ id, folder }, path.resolve(destination, path.basename(filename)));
    }),
  );
}

async function contentsOf(of, tarball) {
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
  return { ...of, tarball, files, manifest: JSON.parse(manifest), packed, unpacked };
}
