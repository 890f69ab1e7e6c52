// Compiles the kernels with the address and undefined-behaviour sanitizers and runs their test (`nx run engine:sanitize`).
// `--thread` uses the thread sanitizer instead. Needs a compiler; neither Node's headers nor TensorFlow.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { KERNEL_UNITS } from '../units.mjs';

const native = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const sanitizers = process.argv.includes('--thread') ? 'thread' : 'address,undefined';
const flags = [
  '-std=c++17',
  '-O2',
  '-g',
  '-pthread',
  `-fsanitize=${sanitizers}`,
  '-fno-sanitize-recover=all',
];
const units = { 'test/kernels-test.cc': [], 'test/simd-wide.cc': ['-Wno-psabi'], ...KERNEL_UNITS };

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) throw new Error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'weightmap-sanitize-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));
const compiler = process.env.CXX ?? 'g++';
const objects = Object.entries(units).map(([name, own]) => {
  const object = path.join(work, `${path.basename(name)}.o`);
  run(compiler, [...flags, ...own, '-Wall', '-Wextra', '-c', path.join(native, name), '-o', object]);
  return object;
});
const program = path.join(work, 'kernels-test');
run(compiler, [...flags, ...objects, '-o', program]);
run(program, []);
