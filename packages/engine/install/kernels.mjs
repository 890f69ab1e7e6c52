// Compiles the weight map layers' fused kernels (../native) against the libtensorflow in use. The result is
// kept once per machine, beside libtensorflow; the npm package that is linked to it gets a link to it.
// Without a compiler the layers run their composed form. `weightmap-engine install` runs it (cli.mjs).
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { run, say, tail } from './_console.mjs';
import { KERNEL_UNITS, OPTIMIZED } from '../native/units.mjs';
import { cacheRoot, compiler, nodeHeaders, ownFolder, tfjsNodeFolder } from './libtensorflow.mjs';

const sources = path.join(import.meta.dirname, '../native');

const COMMON = [...OPTIMIZED, '-DNAPI_VERSION=8'];
/** Every source file of the addon with the flags of its own. */
const UNITS = { 'tensorflow-ops.cc': [], ...KERNEL_UNITS };

/** Changes with the sources, the flags, the compiler and the libtensorflow. */
async function keyOf(lib) {
  const version = await run(compiler, ['--version']);
  if (!version.ok) throw new Error(`there is no compiler (${compiler})`);
  const hash = createHash('sha256').update(JSON.stringify([version.output, COMMON, UNITS, lib]));
  for (const name of fs.readdirSync(sources).sort())
    if (/\.(cc|h)$/.test(name)) hash.update(name).update(fs.readFileSync(path.join(sources, name)));
  return hash.digest('hex').slice(0, 12);
}

/** The headers that belong to a library folder: of the wheel, of a Python package, or of LIBTENSORFLOW_DIR. */
function headersOf(lib, tfjsNode) {
  const candidates = [
    path.join(lib, '../include'),
    path.join(lib, 'include'),
    path.join(tfjsNode, 'deps/include'),
  ];
  const found = candidates.find((folder) => fs.existsSync(path.join(folder, 'tensorflow/c/kernels.h')));
  if (!found) throw new Error(`no tensorflow/c/kernels.h beside ${lib}`);
  return found;
}

/** Compiles and links in a folder of its own; the addon appears in the cache in one step. */
async function compile(addon, lib, include, libraries) {
  ownFolder(path.dirname(addon));
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'weightmap-kernels-'));
  const partial = `${addon}.${process.pid}`;
  const includes = [`-I${nodeHeaders()}`, `-I${include}`];
  const check = (result) => {
    if (!result.ok) throw new Error(`${compiler} could not compile the kernels: ${tail(result.output)}`);
  };
  try {
    const objects = Object.entries(UNITS).map(([name, flags]) => {
      const object = path.join(work, `${name}.o`);
      return {
        object,
        args: [...COMMON, ...flags, ...includes, '-c', path.join(sources, name), '-o', object],
      };
    });
    (await Promise.all(objects.map(({ args }) => run(compiler, args)))).forEach(check);
    check(
      await run(compiler, [
        ...['-shared', '-pthread', ...objects.map(({ object }) => object), '-o', partial],
        ...[`-L${libraries}`, '-ltensorflow_framework', '-ltensorflow', `-Wl,-rpath,${lib}`],
      ]),
    );
    fs.renameSync(partial, addon);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
    fs.rmSync(partial, { force: true });
  }
}

/** The little addon that keeps TensorFlow quiet while it loads: a convenience, done without where it doesn't compile. */
async function buildQuietLoad(tfjsNode) {
  const link = path.join(tfjsNode, 'lib/napi-v8/weightmap_quiet.node');
  if (fs.existsSync(link) || process.platform === 'win32') return;
  const partial = `${link}.${process.pid}`;
  const headers = `-I${nodeHeaders()}`;
  const source = path.join(sources, 'quiet-stderr.cc');
  const built = await run(compiler, [...COMMON, '-shared', headers, source, '-o', partial]);
  if (built.ok) fs.renameSync(partial, link);
}

/** Loads it after TensorFlow's binding, as the engine does, in a process of its own. */
async function checkThatItLoads(tfjsNode, addon) {
  const binding = path.join(tfjsNode, 'lib/napi-v8/tfjs_binding.node');
  const script = `require(${JSON.stringify(binding)}); process.stdout.write(require(${JSON.stringify(addon)}).simd)`;
  const check = await run(process.execPath, ['-e', script], { env: { TF_CPP_MIN_LOG_LEVEL: '3' } });
  if (!check.ok) throw new Error(`the kernels do not load: ${tail(check.output, 1)}`);
}

/** @returns { built: 'as before' | 'now' | null, problem: string | null } */
export async function buildKernels({ force = false } = {}) {
  const tfjsNode = tfjsNodeFolder();
  const libraries = tfjsNode && path.join(tfjsNode, 'deps/lib');
  const framework = libraries && path.join(libraries, 'libtensorflow_framework.so');
  if (!framework || !fs.existsSync(framework)) return { built: null, problem: 'TensorFlow is not linked' };
  const link = path.join(tfjsNode, 'lib/napi-v8/weightmap_kernels.node');
  await buildQuietLoad(tfjsNode);
  try {
    const lib = path.dirname(fs.realpathSync(framework));
    const addon = path.join(cacheRoot(), `kernels-${await keyOf(lib)}.node`);
    const linked =
      fs.existsSync(link) &&
      fs.realpathSync(link) === fs.realpathSync(path.dirname(addon)) + path.sep + path.basename(addon);
    if (linked && !force) return { built: 'as before', problem: null };
    if (force || !fs.existsSync(addon)) {
      say('compiling the fused kernels (about 10 s, once per machine)');
      await compile(addon, lib, headersOf(lib, tfjsNode), libraries);
    }
    await checkThatItLoads(tfjsNode, addon);
    const partial = `${link}.${process.pid}`;
    fs.symlinkSync(addon, partial);
    fs.renameSync(partial, link);
    return { built: 'now', problem: null };
  } catch (error) {
    fs.rmSync(link, { force: true });
    return { built: null, problem: error.message };
  }
}
