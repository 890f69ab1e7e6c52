// Links @tensorflow/tfjs-node-gpu to a libtensorflow, so that the native engine runs. Needs nothing installed but Node.
//
// Looked for in this order: already linked; LIBTENSORFLOW_DIR; an installed Python tensorflow; the tensorflow-cpu
// wheel by pip (kept once per machine in the user's cache folder); the npm package's own download. Without any of
// them the engine falls back to wasm. `node tools/link-libtensorflow.mjs [--force]` runs it alone.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, say, tail } from './_console.mjs';

const WHEEL_VERSION = '2.21.0';
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const python = process.env.PYTHON ?? 'python3';
export const compiler = process.env.CXX ?? 'g++';

export const cacheRoot = () =>
  path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'weightmap', 'libtensorflow');

/** Folder of the installed npm package, or null before `pnpm install`. */
export function tfjsNodeFolder() {
  try {
    const require = createRequire(path.join(root, 'packages/engine/package.json'));
    return path.dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json'));
  } catch {
    return null;
  }
}

// ---- sources of libtensorflow: each gives { folder, source } with folder/lib and folder/include, or throws --------

/** A library's file in a folder, whichever of its names it has. */
const libraryIn = (folder, stem) =>
  [`${stem}.so`, `${stem}_cc.so.2`, `${stem}.so.2`, `${stem}.2.dylib`].find((name) =>
    fs.existsSync(path.join(folder, name)),
  );

async function fromFolder(folder) {
  const layouts = [
    { lib: path.join(folder, 'lib'), include: path.join(folder, 'include') },
    { lib: folder, include: path.join(folder, 'include') },
  ];
  for (const { lib, include } of layouts)
    if (libraryIn(lib, 'libtensorflow') && fs.existsSync(path.join(include, 'tensorflow/c/c_api.h')))
      return { lib, include, source: `LIBTENSORFLOW_DIR (${folder})` };
  throw new Error(`LIBTENSORFLOW_DIR=${folder} holds no libtensorflow with include/tensorflow/c/c_api.h`);
}

async function fromInstalledPython() {
  const found = await run(python, [
    '-c',
    'import importlib.util as u; s=u.find_spec("tensorflow"); print(s.submodule_search_locations[0] if s else "")',
  ]);
  const folder = found.ok && found.output.trim();
  if (!folder) throw new Error(`${python} has no tensorflow installed`);
  if (!libraryIn(folder, 'libtensorflow')) throw new Error(`the tensorflow of ${python} has no C library`);
  return {
    lib: folder,
    include: path.join(folder, 'include'),
    source: `the tensorflow installed for ${python}`,
  };
}

/** Starts early (before node_modules exist): the long download runs beside the package installation. */
export async function fetchWheel() {
  if (process.platform !== 'linux') throw new Error(`no wheel route on ${process.platform}`);
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch];
  if (!machine) throw new Error(`no wheel for ${process.arch}`);
  const folder = path.join(cacheRoot(), `${WHEEL_VERSION}-linux-${machine}`);
  const source = `the tensorflow-cpu ${WHEEL_VERSION} wheel`;
  const there = { lib: path.join(folder, 'lib'), include: path.join(folder, 'include'), source };
  if (fs.existsSync(folder)) return there;
  fs.mkdirSync(cacheRoot(), { recursive: true });
  const partial = path.join(cacheRoot(), `partial-${process.pid}`);
  try {
    say(`fetching ${source} (270 MB, once per machine)`);
    const download = await run(python, [
      ...[
        '-m',
        'pip',
        'download',
        '--quiet',
        '--no-deps',
        '--only-binary=:all:',
        '--disable-pip-version-check',
      ],
      ...[
        '--timeout',
        '20',
        '--retries',
        '2',
        '--python-version',
        '3.11',
        '--platform',
        `manylinux_2_27_${machine}`,
      ],
      ...['--dest', partial, `tensorflow-cpu==${WHEEL_VERSION}`],
    ]);
    if (!download.ok) throw new Error(`pip could not fetch it: ${tail(download.output, 1)}`);
    const wheel = fs.readdirSync(partial).find((name) => name.endsWith('.whl'));
    const extracted = path.join(partial, 'out');
    const extract = await run(python, [
      path.join(root, 'tools/extract-libtensorflow.py'),
      path.join(partial, wheel),
      extracted,
    ]);
    if (!extract.ok) throw new Error(`unpacking failed: ${tail(extract.output, 1)}`);
    publish(extracted, folder);
    return there;
  } finally {
    fs.rmSync(partial, { recursive: true, force: true });
  }
}

/** Gives a finished folder its final name in one step; if another process was first, its result stands. */
function publish(finished, folder) {
  try {
    fs.renameSync(finished, folder);
  } catch (error) {
    if (!fs.existsSync(folder)) throw error;
  }
}

/** Removes what an interrupted download left behind. */
function dropAbandoned(folder) {
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder)) {
    const pid = Number(/^partial-(\d+)$/.exec(name)?.[1]);
    if (pid && pid !== process.pid && !isRunning(pid))
      fs.rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

// ---- linking ------------------------------------------------------------------------------------------------------

/** Compiles the package's addon against a libtensorflow and puts both where the package looks for them. */
async function compileAndLink(tfjsNode, { lib, include, source }) {
  const nodeHeaders = path.join(root, 'node_modules/node-api-headers/include');
  const key = createHash('sha256')
    .update([lib, fs.readFileSync(path.join(tfjsNode, 'package.json')), process.arch].join('\n'))
    .digest('hex')
    .slice(0, 12);
  const addon = path.join(cacheRoot(), `tfjs-binding-${key}.node`);
  const deps = path.join(tfjsNode, 'deps');
  fs.rmSync(deps, { recursive: true, force: true });
  fs.mkdirSync(path.join(deps, 'lib'), { recursive: true });
  for (const stem of ['libtensorflow', 'libtensorflow_framework']) {
    const target = path.join(lib, libraryIn(lib, stem) ?? `${stem}.so.2`);
    fs.symlinkSync(target, path.join(deps, 'lib', `${stem}.so`));
  }
  if (!fs.existsSync(addon)) {
    say('compiling the TensorFlow binding (about 20 s, once per machine)');
    fs.mkdirSync(path.dirname(addon), { recursive: true });
    const partial = `${addon}.${process.pid}`;
    const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) =>
      path.join(tfjsNode, 'binding', name),
    );
    const built = await run(compiler, [
      ...['-O2', '-fPIC', '-shared', '-std=c++17', '-DNAPI_VERSION=8'],
      ...[`-I${nodeHeaders}`, `-I${include}`, `-I${path.dirname(tfjsNode)}`, ...sources, '-o', partial],
      ...[`-L${path.join(deps, 'lib')}`, '-ltensorflow', '-ltensorflow_framework', `-Wl,-rpath,${lib}`],
    ]);
    if (!built.ok) {
      fs.rmSync(partial, { force: true });
      throw new Error(`${compiler} could not compile the binding: ${tail(built.output)}`);
    }
    fs.renameSync(partial, addon);
  }
  fs.mkdirSync(path.join(tfjsNode, 'lib/napi-v8'), { recursive: true });
  fs.copyFileSync(addon, path.join(tfjsNode, 'lib/napi-v8/tfjs_binding.node'));
  await checkThatItLoads(tfjsNode);
  return source;
}

async function ownDownload(tfjsNode) {
  const reachable = await fetch('https://storage.googleapis.com/tensorflow/', {
    method: 'HEAD',
    signal: AbortSignal.timeout(5000),
  }).catch(() => null);
  if (!reachable) throw new Error('its storage host cannot be reached');
  say("running the npm package's own download");
  // Its script rewrites package.json in place: give it a copy, so that the package store stays intact.
  const manifest = path.join(tfjsNode, 'package.json');
  fs.copyFileSync(manifest, `${manifest}.copy`);
  fs.renameSync(`${manifest}.copy`, manifest);
  const done = await run(process.execPath, ['scripts/install.js', 'gpu', 'download'], {
    cwd: tfjsNode,
    timeoutMs: 600_000,
  });
  if (!done.ok) throw new Error(tail(done.output, 1));
  await checkThatItLoads(tfjsNode);
  return "the npm package's own download";
}

/** Loads the addon in a process of its own: a library that doesn't fit ends that process, not this one. */
async function checkThatItLoads(tfjsNode) {
  const addon = path.join(tfjsNode, 'lib/napi-v8/tfjs_binding.node');
  const check = await run(
    process.execPath,
    ['-e', `process.stdout.write(require(${JSON.stringify(addon)}).TF_Version)`],
    {
      env: { TF_CPP_MIN_LOG_LEVEL: '3' },
    },
  );
  if (!check.ok) throw new Error(`the binding does not load: ${tail(check.output, 1)}`);
}

/** Whether the link made earlier still stands (a cache folder may have been emptied since). */
const isLinked = (tfjsNode) =>
  fs.existsSync(path.join(tfjsNode, 'lib/napi-v8/tfjs_binding.node')) &&
  fs.existsSync(path.join(tfjsNode, 'deps/lib')) &&
  ['libtensorflow', 'libtensorflow_framework'].every((stem) =>
    libraryIn(path.join(tfjsNode, 'deps/lib'), stem),
  );

/**
 * @param wheel the promise of an early `fetchWheel()`, so that it is not fetched twice.
 * @returns { linked: string | null, tried: string[] }: what it is linked to, and why the others were not taken.
 */
export async function link({ force = false, wheel } = {}) {
  const tfjsNode = tfjsNodeFolder();
  if (!tfjsNode) return { linked: null, tried: ['@tensorflow/tfjs-node-gpu is not installed'] };
  dropAbandoned(cacheRoot());
  if (!force && isLinked(tfjsNode)) return { linked: 'as before', tried: [] };
  const compiles = (source) => async () => compileAndLink(tfjsNode, await source());
  const routes = [
    ...(process.env.LIBTENSORFLOW_DIR ? [compiles(() => fromFolder(process.env.LIBTENSORFLOW_DIR))] : []),
    compiles(fromInstalledPython),
    compiles(() => wheel ?? fetchWheel()),
    () => ownDownload(tfjsNode),
  ];
  const names = ['LIBTENSORFLOW_DIR', 'Python tensorflow', 'wheel', "npm package's download"].slice(
    -routes.length,
  );
  const tried = [];
  for (const [i, route] of routes.entries()) {
    try {
      return { linked: await route(), tried };
    } catch (error) {
      tried.push(`${names[i]}: ${error.message}`);
    }
  }
  fs.rmSync(path.join(tfjsNode, 'lib'), { recursive: true, force: true });
  return { linked: null, tried };
}

/** Whether the wheel will be wanted: nothing nearer is there. */
export async function wantsWheel() {
  const tfjsNode = tfjsNodeFolder();
  if (process.env.LIBTENSORFLOW_DIR || (tfjsNode && isLinked(tfjsNode))) return false;
  if (!(await run(compiler, ['--version'])).ok) return false;
  return fromInstalledPython().then(
    () => false,
    () => true,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { linked, tried } = await link({ force: process.argv.includes('--force') });
  for (const line of tried) say(`not by ${line}`);
  say(linked ? `TensorFlow linked: ${linked}` : 'TensorFlow is not linked: the wasm engine will be used');
}
