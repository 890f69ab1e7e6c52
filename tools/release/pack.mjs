// Packs the public packages into a folder, and lists their sizes: `node tools/release/pack.mjs [folder]`.
import path from 'node:path';
import { packAll } from './_pack.mjs';
import { root } from '../_pnpm.mjs';

const folder = path.resolve(process.argv[2] ?? path.join(root, 'tools/release/dist'));
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1).padStart(8)} kB`;
for (const { manifest, packed, unpacked, files } of await packAll(folder))
  console.log(
    `${`${manifest.name}@${manifest.version}`.padEnd(34)}${kilobytes(packed)} packed${kilobytes(unpacked)} unpacked${String(files.length).padStart(4)} files`,
  );
console.log(`in ${folder}`);
