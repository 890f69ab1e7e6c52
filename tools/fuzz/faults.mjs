// The command under faults: `npx nx run fuzz:faults`. Every write, fsync, rename, open and mkdir of a small run, attack, report, export
// and publish fails once (or is the last thing the process does), in the launcher and in its worker; afterwards the same command must
// come to the same files. Options: --faults EIO,kill --steps run,report --every 5 (each fifth call only) --all (each call in every way).
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: 'EIO,ENOSPC,EMFILE,EACCES,EROFS,short,kill' },
    steps: { type: 'string' },
    every: { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
  },
});
const cli = path.resolve(import.meta.dirname, '../../apps/experiments/dist/cli.js');
const preload = pathToFileURL(path.join(import.meta.dirname, 'src/inject-faults.mjs')).href;
const work = mkdtempSync(path.join(os.tmpdir(), 'weightmap-faults-'));
const faults = values.faults.split(',');

const small = [
  'run',
  'smoke',
  '--dataset',
  'digits',
  '--select',
  'cnn-33',
  '--epochs',
  '2',
  '--checkpoint-seconds',
  '0',
];
/** Each is tried on what the ones before it have left. */
const steps = [
  { name: 'run', args: (run) => [...small, '--out', run], roles: ['run', 'cell'] },
  {
    name: 'attack',
    args: (run) => ['attack', run, '--attacks', 'fgsm', '--images', '20', '--masking', '0'],
    roles: ['attack', 'attack-worker'],
  },
  { name: 'report', args: (run) => ['report', run], roles: ['report'] },
  { name: 'export', args: (run) => ['export', run, '--weights'], roles: ['export'] },
  {
    name: 'publish',
    args: (run) => ['publish', run, '--out', path.join(run, 'published')],
    roles: ['publish'],
  },
];

function command(args, fault) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    timeout: 120_000,
    env: {
      ...process.env,
      NO_COLOR: '1',
      WEIGHTMAP_DATA: '',
      XDG_CACHE_HOME: path.join(work, 'cache'),
      ...(fault && { NODE_OPTIONS: `--import ${preload}`, WEIGHTMAP_FAULT: JSON.stringify(fault) }),
    },
  });
  return { status, signal, said: stdout + stderr };
}

/** All but times, machines and digests of the record, the same for every run. */
function resultOf(run) {
  const cell = path.join(run, 'cells/digits/cnn-33/trial-1');
  const record = path.join(cell, 'record.json');
  if (!existsSync(record)) return null;
  const content = JSON.parse(readFileSync(record, 'utf8'));
  for (const key of ['seconds', 'provenance', 'sha256']) delete content[key];
  return JSON.stringify(content);
}

const filesIn = (run) =>
  readdirSync(run, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(run, path.join(entry.parentPath, entry.name)));

/** JSON files that can't be read: half-written under their final names. */
function halfWritten(run) {
  return filesIn(run).filter((file) => {
    if (!file.endsWith('.json')) return false;
    try {
      JSON.parse(readFileSync(path.join(run, file), 'utf8'));
      return false;
    } catch {
      return !/lease-/.test(file);
    }
  });
}

const table = [];
let wrongs = 0;
let ready = path.join(work, 'empty');
writeFileSync(path.join(work, 'x'), '');
const copyOf = (from) => {
  const run = path.join(work, `try-${Math.random().toString(36).slice(2)}`, 'run');
  if (existsSync(from)) cpSync(from, run, { recursive: true });
  else cpSync(path.join(work, 'x'), path.join(run, '.keep'), { recursive: true });
  return run;
};

for (const step of steps) {
  const calm = copyOf(ready);
  const { status, said } = command(step.args(calm));
  if (status !== 0) throw new Error(`${step.name} fails without a fault: ${said}`);
  const expected = resultOf(calm);
  const wanted = filesIn(calm).filter((file) => !/worker\.log|events\.jsonl|submissions|\.keep/.test(file));
  if (!values.steps || values.steps.split(',').includes(step.name))
    for (const role of step.roles) {
      const counted = copyOf(ready);
      const log = path.join(work, `${step.name}-${role}.log`);
      writeFileSync(log, '');
      command(step.args(counted), { role, under: counted, log });
      const calls = readFileSync(log, 'utf8').split('\n').filter(Boolean);
      rmSync(path.dirname(counted), { recursive: true });
      const row = {
        what: `${step.name}, ${role}`,
        calls: calls.length,
        tries: 0,
        refused: 0,
        lost: 0,
        half: 0,
        raw: 0,
        resumed: 0,
      };
      for (let i = 0; i < calls.length; i += Number(values.every))
        for (const fault of values.all ? faults : [faults[i % faults.length]]) {
          const run = copyOf(ready);
          const before = resultOf(run);
          const first = command(step.args(run), { role, under: run, at: i + 1, fault });
          row.tries++;
          if (row.tries % 5 === 0) console.log(`${row.what}: call ${i + 1} of ${calls.length}`);
          if (first.status !== 0) row.refused++;
          const trouble = [];
          if (/^\s+at .*:\d+:\d+\)?$/m.test(first.said)) trouble.push('raw');
          if (before !== null && resultOf(run) !== before) trouble.push('lost');
          if (halfWritten(run).length > 0) trouble.push('half');
          // A fault that lasts makes a cell fail until it is tried again.
          let again = command(step.args(run));
          if (again.status !== 0) again = command(['retry', run]);
          if (step.name !== 'run' && again.status !== 0) again = command(step.args(run));
          const lacks = wanted.filter((file) => !existsSync(path.join(run, file)));
          if (again.status === 0 && resultOf(run) === expected && lacks.length === 0) row.resumed++;
          else trouble.push('not resumed');
          for (const kind of trouble) if (kind in row) row[kind]++;
          if (trouble.length > 0) {
            wrongs++;
            console.log(
              `wrong (${trouble.join(', ')}): ${row.what}: ${fault} at call ${i + 1}, ${calls[i]}\n${first.said.slice(-600)}${trouble.includes('not resumed') ? `\nthen: ${again.said.slice(-600)}\nlacks ${lacks.join(', ')}` : ''}`,
            );
          }
          rmSync(path.dirname(run), { recursive: true, force: true });
        }
      table.push(row);
      console.log(`${row.what}: ${row.tries} faults at ${row.calls} calls, ${row.resumed} resumed`);
    }
  ready = calm;
}
rmSync(work, { recursive: true, force: true });
const titles = {
  what: 'command, process',
  calls: 'calls',
  tries: 'faults',
  refused: 'ended with a message or killed',
  raw: 'stack traces',
  lost: 'records lost',
  half: 'half-written',
  resumed: 'resumed',
};
const rows = [
  Object.values(titles),
  ...table.map((row) => Object.keys(titles).map((key) => String(row[key]))),
];
const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)));
for (const row of rows)
  console.log(row.map((cell, c) => (c ? cell.padStart(widths[c]) : cell.padEnd(widths[c]))).join('  '));
console.log(`${table.reduce((sum, { tries }) => sum + tries, 0)} faults, ${wrongs} wrong`);
process.exitCode = wrongs > 0 ? 1 : 0;
