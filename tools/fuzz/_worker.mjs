// One process of fuzz.mjs: judges inputs one after another, and writes the number of each into a file before it is tried.
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { loadSources } from './_sources.mjs';

const [place] = process.argv.slice(2);
// A signal to the whole group is for the first process, which lets this one end what it has begun.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
const file = openSync(place, 'r+');
const {
  modules: [{ targets }, { openTarget }],
} = await loadSources('src/targets/index.ts', 'src/target.ts');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'weightmap-fuzz-'));
const opened = new Map();
const send = (message) => new Promise((resolve) => process.send(message, resolve));

process.on('message', async ({ name, from, to, show }) => {
  if (!opened.has(name)) {
    const target = targets.find((one) => one.name === name);
    opened.set(name, await openTarget(target, mkdtempSync(path.join(scratch, `${name}-`))));
  }
  const { input, judge } = opened.get(name);
  const counts = { accepted: 0, refused: 0 };
  let slowest = 0;
  let rss = 0;
  const report = (next) => {
    const message = { counts: { ...counts }, next, slowest, rss };
    counts.accepted = counts.refused = 0;
    return send(message);
  };
  for (let seed = from; seed < to; seed++) {
    writeSync(
      file,
      `${String(seed).padEnd(12)} ${String(counts.accepted).padEnd(6)} ${String(counts.refused).padEnd(6)}`,
      0,
    );
    const bytes = input(seed);
    const began = performance.now();
    const judgement = await judge(bytes);
    slowest = Math.max(slowest, performance.now() - began);
    if (seed % 16 === 0) rss = Math.max(rss, process.memoryUsage.rss());
    if (show) {
      await send({ shown: `${bytes.toString().slice(0, 4000)}\n→ ${judgement.is} ${judgement.why ?? ''}` });
    }
    if (judgement.is === 'wrong') {
      await send({ wrong: judgement.why, seed, bytes: bytes.toString('base64') });
      await report(seed + 1);
    } else {
      counts[judgement.is]++;
      if (seed % 100 === 0) await report(seed + 1);
    }
  }
  await report(to);
  await send({ finished: true });
});
process.on('disconnect', () => {
  rmSync(scratch, { recursive: true, force: true });
  process.exit();
});
await send({ finished: true });
