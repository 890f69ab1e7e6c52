// Links @tensorflow/tfjs-node-gpu to a libtensorflow, so that the native engine runs. Needs nothing installed but Node.
//
// Looked for in this order: already linked; LIBTENSORFLOW_DIR; an installed Python tensorflow; the tensorflow-cpu
// wheel by pip (checked by its SHA-256, kept once per machine in the user's cache folder); with
// WEIGHTMAP_UNVERIFIED_DOWNLOAD=1 the npm package's own download, which has no checksum. Without any of them the engine
// falls back to wasm. `weightmap-engine install` runs it (cli.mjs).
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { run, say, tail } from './_console.mjs';

const WHEEL_VERSION = '2.21.0';
/** SHA-256 of the wheel for Python 3.11 as PyPI publishes it, by platform. */
const WHEELS = {
  'linux-x64': {
    platform: 'manylinux_2_27_x86_64',
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  },
};
const require = createRequire(import.meta.url);
const python = process.env.PYTHON ?? 'python3';
export const compiler = process.env.CXX ?? 'g++';

export const cacheRoot = () =>
  path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'weightmap', 'libtensorflow');

/** Folder of Node's headers for addons. */
export const nodeHeaders = () =>
  path.join(path.dirname(require.resolve('node-api-headers/package.json')), 'include');

/** Folder of the installed npm package, or null if it isn't installed. */
export function tfjsNodeFolder() {
  try {
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
  const wheel = WHEELS[`${process.platform}-${process.arch}`];
  if (!wheel) throw new Error(`there is no wheel for ${process.platform} on ${process.arch}`);
  const folder = path.join(ownFolder(cacheRoot()), `${WHEEL_VERSION}-linux-x86_64`);
  const source = `the tensorflow-cpu ${WHEEL_VERSION} wheel`;
  const there = { lib: path.join(folder, 'lib'), include: path.join(folder, 'include'), source };
  if (fs.existsSync(folder)) return there;
  const partial = path.join(cacheRoot(), `partial-${process.pid}`);
  try {
    say(`fetching ${source} (270 MB, once per machine)`);
    fs.mkdirSync(partial, { mode: 0o700 });
    // pip itself refuses a wheel with another checksum, wherever it comes from: an index, a mirror, a folder of wheels.
    const requirements = path.join(partial, 'requirements.txt');
    fs.writeFileSync(requirements, `tensorflow-cpu==${WHEEL_VERSION} --hash=sha256:${wheel.sha256}\n`);
    const options =
      '--quiet --no-deps --only-binary=:all: --disable-pip-version-check --timeout 20 --retries 2';
    const download = await run(python, [
      ...['-m', 'pip', 'download', ...options.split(' '), '--require-hashes', '--requirement', requirements],
      ...['--python-version', '3.11', '--platform', wheel.platform, '--dest', partial],
    ]);
    if (!download.ok) throw new Error(`pip could not fetch it: ${reasonOf(download.output)}`);
    const file = fs.readdirSync(partial).find((name) => name.endsWith('.whl'));
    const extracted = path.join(partial, 'out');
    const extract = await run(python, [
      path.join(import.meta.dirname, 'extract-libtensorflow.py'),
      path.join(partial, file),
      extracted,
    ]);
    if (!extract.ok) throw new Error(`unpacking failed: ${tail(extract.output, 1)}`);
    publish(extracted, folder);
    return there;
  } finally {
    fs.rmSync(partial, { recursive: true, force: true });
  }
}

/** Why pip failed: a wrong checksum in one line, else its last line. */
function reasonOf(output) {
  const [, expected] = /Expected sha256 (\w+)/.exec(output) ?? [];
  const [, got] = /Got\s+(\w+)/.exec(output) ?? [];
  if (!got) return tail(output, 1);
  return `the wheel that was found is not the published one (SHA-256 ${got}, expected ${expected}); it was not used`;
}

/**
 * A folder whose content this user may trust, made if it isn't there: nobody else may write to it.
 *
 * @throws if it belongs to another user than this one or root, or others may write to it.
 */
export function ownFolder(folder) {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = fs.statSync(folder);
  const self = process.getuid?.() ?? uid;
  if (![self, 0].includes(uid) || mode & 0o022)
    throw new Error(
      `${folder} ${mode & 0o022 ? 'can be written by others' : 'belongs to another user'}; programs in it are run, so it is not used (chmod 700, or set XDG_CACHE_HOME)`,
    );
  return folder;
}

/** Gives a finished folder its final name in one step; if another process was faster, its result is kept. */
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
  const key = createHash('sha256')
    .update([lib, fs.readFileSync(path.join(tfjsNode, 'package.json')), process.arch].join('\n'))
    .digest('hex')
    .slice(0, 12);
  const addon = path.join(ownFolder(cacheRoot()), `tfjs-binding-${key}.node`);
  const deps = path.join(tfjsNode, 'deps');
  fs.rmSync(deps, { recursive: true, force: true });
  fs.mkdirSync(path.join(deps, 'lib'), { recursive: true });
  for (const stem of ['libtensorflow', 'libtensorflow_framework']) {
    const target = path.join(lib, libraryIn(lib, stem) ?? `${stem}.so.2`);
    fs.symlinkSync(target, path.join(deps, 'lib', `${stem}.so`));
  }
  if (!fs.existsSync(addon)) {
    say('compiling the TensorFlow binding (about 20 s, once per machine)');
    const partial = `${addon}.${process.pid}`;
    const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) =>
      path.join(tfjsNode, 'binding', name),
    );
    const built = await run(compiler, [
      ...['-O2', '-fPIC', '-shared', '-std=c++17', '-DNAPI_VERSION=8'],
      ...[`-I${nodeHeaders()}`, `-I${include}`, `-I${path.dirname(tfjsNode)}`, ...sources, '-o', partial],
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
  if (process.env.WEIGHTMAP_UNVERIFIED_DOWNLOAD !== '1')
    throw new Error('not used, since it has no checksum; WEIGHTMAP_UNVERIFIED_DOWNLOAD=1 allows it');
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
