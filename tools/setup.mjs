// Makes a fresh clone ready: packages, libtensorflow, and with --build the weightmap command. Needs Node and npm only.
// Safe to run again and again: what is done already takes no time.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { run, say } from '../packages/engine/install/_console.mjs';
import { npx, packageManager, root } from './_pnpm.mjs';
import { buildKernels } from '../packages/engine/install/kernels.mjs';
import { fetchWheel, link, wantsWheel } from '../packages/engine/install/libtensorflow.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`weightmap needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

/** Changes when any manifest or the lock file does. */
function manifestHash() {
  const hash = createHash('sha256');
  const manifests = ['packages', 'apps', 'tools'].flatMap((folder) =>
    fs.readdirSync(path.join(root, folder)).map((name) => path.join(folder, name, 'package.json')),
  );
  for (const file of [
    'package.json',
    'examples/package.json',
    'pnpm-workspace.yaml',
    'pnpm-lock.yaml',
    ...manifests.sort(),
  ])
    if (fs.existsSync(path.join(root, file)))
      hash.update(file).update(fs.readFileSync(path.join(root, file)));
  return hash.digest('hex');
}

async function installPackages() {
  const stamp = path.join(root, 'node_modules/.weightmap-setup');
  const hash = manifestHash();
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === hash) return;
  say('installing packages');
  const done = await run(
    npx,
    ['-y', packageManager, 'install', '--frozen-lockfile', '--reporter=append-only'],
    {
      cwd: root,
      env: { CI: 'true' },
    },
  );
  if (!done.ok) {
    console.error(done.output);
    console.error(
      '\nThe packages could not be installed (see above). With a network, `npm run setup` tries again.',
    );
    process.exit(1);
  }
  fs.writeFileSync(stamp, hash);
}

async function linkEngine(wheel) {
  const chosen = process.env.WEIGHTMAP_ENGINE;
  if (chosen === 'wasm' || chosen === 'cpu') return;
  const { linked, tried } = await link({ wheel });
  if (linked) {
    if (linked !== 'as before') say(`native engine ready: ${linked}`);
    const { problem } = await buildKernels();
    if (problem) say(`no fused kernels, weight map layers will run in their composed form: ${problem}`);
    return;
  }
  say('no native TensorFlow: the wasm engine will be used (about 10 times slower). What was tried:');
  for (const line of tried) say(`  ${line}`);
  say(
    '  to fix it: install Python 3 with pip, and g++; then `npm run setup`. `weightmap doctor` tells more.',
  );
}

async function build() {
  const nx = path.join(root, 'node_modules/nx/dist/bin/nx.js');
  const done = await run(process.execPath, [nx, 'run', 'experiments:build', '--outputStyle=static'], {
    cwd: root,
    env: { NX_DAEMON: 'false', NO_COLOR: '1' },
  });
  if (!done.ok) {
    console.error(done.output);
    console.error('\nThe build failed (see above).');
    process.exit(1);
  }
}

const native = !['wasm', 'cpu'].includes(process.env.WEIGHTMAP_ENGINE ?? '');
// The download is the longest part: it runs beside the package installation.
const wheel = native && (await wantsWheel()) ? fetchWheel() : undefined;
wheel?.catch(() => {}); // link() reports it
await installPackages();
const linking = linkEngine(wheel);
if (process.argv.includes('--build')) {
  say('building');
  await build();
}
await linking;
say('ready');
