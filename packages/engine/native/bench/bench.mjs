// Times the kernels without TensorFlow: `node native/bench/bench.mjs [--layers dense] [--threads 1,2] [--against HEAD]`.
// Compares with a processor's peak of multiply-adds, and with --against with the kernels of a Git revision: both programs
// take turns in short rounds, so that whatever else the machine does hits both; the least of all rounds counts.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { KERNEL_UNITS, OPTIMIZED } from '../units.mjs';

const native = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const compiler = process.env.CXX ?? 'g++';
const { values } = parseArgs({
  options: {
    layers: { type: 'string', default: '' }, // the beginning of their names
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '5' },
    ms: { type: 'string', default: '60' }, // a layer and round
    against: { type: 'string' },
  },
});
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'weightmap-bench-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));

/** Compiles a folder of kernels with the benchmark of today. */
function build(folder, name) {
  const objects = Object.entries({ ...KERNEL_UNITS, 'bench/kernels-bench.cc': [] }).map(([unit, flags]) => {
    const object = path.join(work, `${name}-${path.basename(unit)}.o`);
    execFileSync(compiler, [...OPTIMIZED, ...flags, '-c', path.join(folder, unit), '-o', object]);
    return object;
  });
  const program = path.join(work, name);
  execFileSync(compiler, ['-pthread', ...objects, '-o', program]);
  return program;
}

/** The kernels of a revision, in a folder. */
function checkOut(revision) {
  const folder = path.join(work, 'revision');
  const git = (args, options) => execFileSync('git', args, { cwd: native, ...options });
  fs.mkdirSync(path.join(folder, 'bench'), { recursive: true });
  for (const name of git(['ls-tree', '--name-only', revision, './']).toString().trim().split('\n'))
    if (/\.(cc|h)$/.test(name))
      fs.writeFileSync(path.join(folder, name), git(['show', `${revision}:./${name}`]));
  fs.copyFileSync(path.join(native, 'bench/kernels-bench.cc'), path.join(folder, 'bench/kernels-bench.cc'));
  return folder;
}

/** One thread's peak in GFLOP/s. */
function measurePeak() {
  const program = path.join(work, 'peak');
  const options = ['-O3', '-march=native', '-std=c++17'];
  execFileSync(compiler, [...options, path.join(native, 'bench/peak.cc'), '-o', program]);
  return Number(execFileSync(program).toString());
}

const programs = { now: build(native, 'now') };
if (values.against) programs[values.against] = build(checkOut(values.against), 'before');
const peak = measurePeak();
console.log(`peak of a thread: ${peak} GFLOP/s of fused multiply-adds`);

for (const threads of values.threads.split(',')) {
  const least = new Map(); // name → program → { flops, forward, backward }
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [version, program] of Object.entries(programs))
      for (const line of execFileSync(program, [values.layers, threads, values.ms])
        .toString()
        .trim()
        .split('\n')) {
        const [name, , flops, forward, backward] = line.split('\t');
        const of = least.get(name) ?? {};
        const known = of[version] ?? { forward: Infinity, backward: Infinity };
        of[version] = {
          flops: Number(flops) * 1e-6, // per millisecond that is GFLOP/s
          forward: Math.min(known.forward, Number(forward)),
          backward: Math.min(known.backward, Number(backward)),
        };
        least.set(name, of);
      }
  console.log(`\n${threads} thread(s); GFLOP/s forward, backward, both; share of peak of both; ms of both`);
  for (const [name, versions] of least)
    for (const [version, { flops, forward, backward }] of Object.entries(versions)) {
      const products = name.includes(' 1>') ? 1 : 2; // an image's gradient isn't computed
      const both = (flops * (1 + products)) / (forward + backward);
      const rates = [flops / forward, (flops * products) / backward, both].map((rate) =>
        rate.toFixed(1).padStart(7),
      );
      const share = (both / (peak * Number(threads))).toFixed(3);
      console.log(
        name.padEnd(24),
        version.padEnd(8),
        ...rates,
        share.padStart(8),
        (forward + backward).toFixed(3).padStart(9),
      );
    }
}
