#!/usr/bin/env node
// The command `weightmap-engine`: links TensorFlow's C library to this project, shows what is linked, or undoes it.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { run, tail } from './_console.mjs';
import { buildKernels } from './kernels.mjs';
import { cacheRoot, link, tfjsNodeFolder } from './libtensorflow.mjs';

const help = () => `${self}: native TensorFlow for @tensorflow/tfjs in Node.

  install [--force]   link a TensorFlow C library to @tensorflow/tfjs-node-gpu and compile the fused kernels.
                      Taken is the first of: LIBTENSORFLOW_DIR; the tensorflow of python3 (or $PYTHON); the tensorflow-cpu
                      wheel, fetched by pip and checked by its SHA-256. --force replaces an existing link.
                      Needs Python 3 with pip, and g++ (or $CXX).
  status              show what is linked, and where it is kept
  remove [--cache]    undo the link; --cache also deletes what is kept for all projects of this machine
`;

const own = createRequire(import.meta.url);
const { optionalDependencies = {} } = own('../package.json');
const NATIVE = '@tensorflow/tfjs-node-gpu';
// In the repository the version is the one of the catalog, and the set-up installs it.
const version = /^\d/.test(optionalDependencies[NATIVE] ?? '') ? `@${optionalDependencies[NATIVE]}` : '';

/** How the user calls this: the command `weightmap` has it as one of its own. */
const self = process.env.WEIGHTMAP_ENGINE_COMMAND ?? 'weightmap-engine';

// A reader that has gone (`… | head`) stops nothing.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const print = (text) => process.stdout.write(`${text}\n`);
const fail = (text) => {
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
};

/** The folder whose node_modules this package lies in, or null in the repository. */
function projectFolder() {
  const parts = import.meta.dirname.split(path.sep);
  const at = parts.indexOf('node_modules');
  return at < 0 ? null : parts.slice(0, at).join(path.sep) || path.sep;
}

/** Whether the project is npx's own, which nobody edits. */
const isOfNpx = (folder) => folder.split(path.sep).includes('_npx');

/** npm leaves an optional package out if its own download fails; so it is installed without that script. */
async function installPackage() {
  const project = projectFolder();
  const npm = `npm install --save-optional --ignore-scripts ${NATIVE}${version}`;
  if (!project) return 'run `npm run setup`';
  if (!isOfNpx(project))
    return `run \`${fs.existsSync(path.join(project, 'pnpm-lock.yaml')) ? `pnpm add --save-optional ${NATIVE}${version}` : npm}\`, then this command again`;
  print(`${NATIVE} is not installed: ${npm}`);
  const done = await run(process.platform === 'win32' ? 'npm.cmd' : 'npm', npm.split(' ').slice(1), {
    cwd: project,
  });
  return done.ok && tfjsNodeFolder() ? null : `npm could not install it: ${tail(done.output)}`;
}

/** The library file that is linked, or null. */
function linkedLibrary(tfjsNode) {
  const name = ['libtensorflow.so', 'libtensorflow.so.2', 'libtensorflow.2.dylib'].find((one) =>
    fs.existsSync(path.join(tfjsNode, 'deps/lib', one)),
  );
  return name ? fs.realpathSync(path.join(tfjsNode, 'deps/lib', name)) : null;
}

const addonFolder = (tfjsNode) => path.join(tfjsNode, 'lib/napi-v8');

function status() {
  const tfjsNode = tfjsNodeFolder();
  if (!tfjsNode)
    return fail(`${NATIVE} is not installed: the wasm engine is used. \`${self} install\` tells what to do.`);
  const library = linkedLibrary(tfjsNode);
  const kernels = path.join(addonFolder(tfjsNode), 'weightmap_kernels.node');
  print(`package   ${tfjsNode}`);
  print(`library   ${library ?? 'not linked: the wasm engine is used'}`);
  print(
    `kernels   ${fs.existsSync(kernels) ? fs.realpathSync(kernels) : 'not compiled: weight map layers run in their composed form'}`,
  );
  print(`kept in   ${cacheRoot()}, for all projects of this machine`);
  if (!library) process.exitCode = 1;
}

async function install(force) {
  if (!tfjsNodeFolder()) {
    const problem = await installPackage();
    if (problem) return fail(`${NATIVE} is not installed: ${problem}.`);
  }
  const { linked, tried } = await link({ force });
  if (!linked) {
    fail(
      [
        'TensorFlow could not be linked; the wasm engine is used (about 10 times slower). What was tried:',
        ...tried.map((line) => `  ${line}`),
      ].join('\n'),
    );
    return fail('To fix it: install Python 3 with pip, and g++; then run this command again.');
  }
  const { built, problem } = await buildKernels({ force });
  print(`TensorFlow is linked: ${linked}.`);
  print(
    built
      ? 'The fused kernels are ready.'
      : `No fused kernels, weight map layers run in their composed form: ${problem}`,
  );
  status();
  print(`undo      ${self} remove [--cache]`);
}

function remove(cache) {
  const tfjsNode = tfjsNodeFolder();
  for (const folder of tfjsNode ? [path.join(tfjsNode, 'deps'), path.join(tfjsNode, 'lib')] : []) {
    if (fs.existsSync(folder)) print(`deleted   ${folder}`);
    fs.rmSync(folder, { recursive: true, force: true });
  }
  if (cache && fs.existsSync(cacheRoot())) {
    fs.rmSync(cacheRoot(), { recursive: true, force: true });
    print(`deleted   ${cacheRoot()}`);
  } else if (fs.existsSync(cacheRoot()))
    print(`kept      ${cacheRoot()}: --cache deletes it for all projects`);
  print('The wasm engine is used from now on.');
}

/** The command line, or null after an error of the user's. */
function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        force: { type: 'boolean' },
        cache: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const [command, ...others] = positionals;
    const known = { install: ['force'], status: [], remove: ['cache'] };
    if (values.help || (command === undefined && others.length === 0)) return { command: 'help', values };
    if (!(command in known))
      throw new Error(`There is no command "${command}"; known: ${Object.keys(known).join(', ')}`);
    if (others.length > 0) throw new Error(`${command} takes no "${others[0]}"`);
    const useless = Object.keys(values).find((name) => !known[command].includes(name));
    if (useless) throw new Error(`${command} has no option --${useless}`);
    return { command, values };
  } catch (error) {
    process.stderr.write(`${error.message.split('\n')[0]}. See --help.\n`);
    process.exitCode = 2;
    return null;
  }
}

const asked = readArguments();
if (asked?.command === 'help') process.stdout.write(help());
if (asked?.command === 'status') status();
if (asked?.command === 'install') await install(asked.values.force ?? false);
if (asked?.command === 'remove') remove(asked.values.cache ?? false);
