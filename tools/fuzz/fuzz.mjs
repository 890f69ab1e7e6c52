// Changed inputs for every parser: `npx nx run fuzz --count 1000000`, or one input: `npx nx run fuzz --target csv --seed 17`.
import { fork } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadSources } from './_sources.mjs';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20000' },
    start: { type: 'string', default: '0' },
    target: { type: 'string' },
    seed: { type: 'string' },
    out: { type: 'string', default: 'tools/fuzz/wrong' },
  },
});
const SLOW_MS = 5000;
/** A worker that is silent for so long is ended; its input counts as one that hangs. */
const HANG_MS = 15_000;
const WORKERS = 2;
/** A parser that ends or hangs so many processes gets no further inputs. */
const MOST_ENDED = 10;

const { modules, close } = await loadSources('src/targets/index.ts');
const known = modules[0].targets.map(({ name, weight = 1 }) => ({ name, weight }));
await close();
const chosen = known.filter(
  ({ name }) => values.target === undefined || values.target.split(',').includes(name),
);
if (chosen.length === 0) {
  console.error(`There is no target ${values.target}; known: ${known.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}

const weights = chosen.reduce((sum, { weight }) => sum + weight, 0);
const jobs = chosen.map(({ name, weight }) => ({
  name,
  next: Number(values.seed ?? values.start),
  end:
    values.seed === undefined
      ? Number(values.start) + Math.ceil((Number(values.count) * weight) / weights)
      : Number(values.seed) + 1,
  accepted: 0,
  refused: 0,
  wrong: 0,
  ended: 0,
  slowest: 0,
  rss: 0,
}));
const left = () => jobs.reduce((sum, { next, end }) => sum + end - next, 0);
const began = performance.now();
const done = () => jobs.reduce((sum, { accepted, refused, wrong }) => sum + accepted + refused + wrong, 0);
const scratch = mkdtempSync(path.join(os.tmpdir(), 'weightmap-fuzz-'));

function keep(job, seed, why, bytes) {
  job.wrong++;
  const folder = path.resolve(values.out);
  mkdirSync(folder, { recursive: true });
  if (bytes) writeFileSync(path.join(folder, `${job.name}-${seed}`), Buffer.from(bytes, 'base64'));
  if (job.wrong <= 5) console.log(`wrong: --target ${job.name} --seed ${seed}: ${why.slice(0, 600)}`);
}

/** One process that works through jobs; another takes its place after a crash or a hang. */
function work(number) {
  const place = path.join(scratch, `${number}`);
  writeFileSync(place, '');
  return new Promise((resolve) => {
    const start = () => {
      const child = fork(path.join(import.meta.dirname, '_worker.mjs'), [place], {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        execArgv: ['--max-old-space-size=2048'],
      });
      let said = '';
      child.stderr.on('data', (chunk) => (said = (said + chunk).slice(-3000)));
      let job = null;
      let hung = false;
      let last = '';
      let changed = performance.now();
      const watch = setInterval(() => {
        const now = readFileSync(place, 'latin1');
        if (now !== last) [last, changed] = [now, performance.now()];
        else if (job && performance.now() - changed > HANG_MS) {
          hung = true;
          child.kill('SIGKILL');
        }
      }, 500);
      const give = () => {
        job = jobs.find((one) => one.next < one.end && !one.taken) ?? null;
        if (!job) return child.disconnect();
        job.taken = true;
        changed = performance.now();
        job.given = Math.min(job.end, job.next + 2000);
        child.send({ name: job.name, from: job.next, to: job.given, show: values.seed !== undefined });
      };
      child.on('message', (message) => {
        if (message.shown !== undefined) return console.log(message.shown);
        if (message.wrong) return keep(job, message.seed, message.wrong, message.bytes);
        if (message.counts) {
          for (const key of ['accepted', 'refused']) job[key] += message.counts[key];
          job.next = message.next;
          job.slowest = Math.max(job.slowest, message.slowest);
          job.rss = Math.max(job.rss, message.rss);
        }
        if (!message.finished) return;
        if (job) job.taken = false;
        give();
      });
      child.on('exit', () => {
        clearInterval(watch);
        if (!job) return resolve();
        const [seed, accepted, refused] = readFileSync(place, 'latin1').split(/ +/).map(Number);
        job.accepted += accepted;
        job.refused += refused;
        const reason = hung ? `no answer for ${HANG_MS / 1000} s` : `the process ended: ${said}`;
        job.slowest = hung ? HANG_MS : job.slowest;
        keep(job, seed, reason);
        job.next = seed + 1;
        if (++job.ended === MOST_ENDED) {
          console.log(
            `${job.name} has ended or stopped ${MOST_ENDED} processes: the rest of its inputs is left out.`,
          );
          job.end = job.next;
        }
        job.taken = false;
        start();
      });
    };
    start();
  });
}

// A run that is stopped ends what its processes have begun, and prints the table of that.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    for (const job of jobs) job.end = job.taken ? job.given : job.next;
  });

const progress = setInterval(() => {
  const share = done() / (done() + left());
  const seconds = ((performance.now() - began) / 1000) * (1 / share - 1);
  console.log(
    `${done()} inputs, ${Math.round(100 * share)} %, about ${share > 0 ? `${Math.round(seconds)} s` : '…'} left`,
  );
}, 10_000);
await Promise.all(Array.from({ length: WORKERS }, (_, i) => work(i)));
clearInterval(progress);
rmSync(scratch, { recursive: true, force: true });

const columns = [
  ['target', ({ name }) => name],
  ['inputs', ({ accepted, refused, wrong }) => accepted + refused + wrong],
  ['accepted', ({ accepted }) => accepted],
  ['refused', ({ refused }) => refused],
  ['wrong', ({ wrong }) => wrong],
  ['slowest ms', ({ slowest }) => slowest.toFixed(0)],
  ['peak MB', ({ rss }) => Math.round(rss / 2 ** 20)],
];
const sum = { name: 'all' };
for (const key of ['accepted', 'refused', 'wrong']) sum[key] = jobs.reduce((all, job) => all + job[key], 0);
for (const key of ['slowest', 'rss']) sum[key] = Math.max(...jobs.map((job) => job[key]));
const rows = [
  columns.map(([title]) => title),
  ...[...jobs, sum].map((job) => columns.map(([, of]) => String(of(job)))),
];
const widths = columns.map((_, c) => Math.max(...rows.map((row) => row[c].length)));
for (const row of rows)
  console.log(row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join('  '));
const slow = jobs.filter(({ slowest }) => slowest > SLOW_MS);
console.log(
  `${done()} inputs in ${Math.round((performance.now() - began) / 1000)} s: ${sum.wrong} wrong, ${slow.length} targets slower than ${SLOW_MS / 1000} s.`,
);
if (sum.wrong > 0) console.log(`The wrong inputs are in ${values.out}; --target and --seed make one again.`);
process.exitCode = sum.wrong > 0 || slow.length > 0 ? 1 : 0;
