// A grid under `kill -9`: a few kills in the test suite, a hundred by `nx run experiments:chaos` (WEIGHTMAP_KILLS=100).
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomStream } from '@weightmap/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childrenOf, inside, start as startCommand, type Started } from './_command.js';
import { scientificText } from './_scientific.js';

const KILLS = Number(process.env.WEIGHTMAP_KILLS ?? 1);
const variants = ['cnn-33', 'cnn-unsharp-32'];
let work: string;

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-kills-'));
});
afterAll(() => rm(work, { recursive: true, force: true }));

/** The grid; checkpoints follow each other as fast as they can be written. */
const grid = (run: string) => [
  ...['run', 'smoke', '--dataset', 'digits', '--select', variants.join(), '--epochs', '4'],
  ...['--checkpoint-seconds', '0', '--workers', '2', '--out', run],
];

const start = (run: string): Started => startCommand(grid(run), { work });

async function finish(run: string): Promise<void> {
  const { code, output } = await start(run).closed;
  expect(code, output).toBe(0);
}

const cellFolder = (run: string, variant: string) => path.join(run, `cells/digits/${variant}/trial-1`);

const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
    : [];

const scientific = (run: string, variant: string): string => scientificText(cellFolder(run, variant));

const eventsOf = (run: string, variant: string) =>
  readFileSync(path.join(cellFolder(run, variant), 'events.jsonl'), 'utf8');

describe.runIf(process.platform === 'linux')('a grid', () => {
  it(
    `comes to the same records after ${KILLS} random kill -9, and leaves nothing behind`,
    { timeout: 3_600_000 },
    async () => {
      const [calm, stormy] = ['calm', 'stormy ü "run"'].map((name) => path.join(work, name));
      const undisturbed = await inside(grid(calm), { work });
      expect(undisturbed.code, undisturbed.output).toBe(0);

      const random = randomStream(Number(process.env.WEIGHTMAP_KILL_SEED ?? 1), 'kills');
      const hits = { worker: 0, launcher: 0, 'in a write': 0 };
      const count = () => Object.values(hits).reduce((sum, n) => sum + n, 0);
      let child = start(stormy);
      while (count() < KILLS) {
        if (child.exitCode !== null || child.signalCode !== null) child = start(stormy);
        const inWrite = random.uniform() < 0.4;
        const deadline = performance.now() + 500 + 7000 * random.uniform();
        // A temporary file is there for milliseconds only: looked for without a pause.
        let writing = false;
        while (performance.now() < deadline && child.exitCode === null) {
          writing =
            inWrite &&
            variants.some((variant) =>
              filesBelow(path.join(cellFolder(stormy, variant), 'checkpoint')).some((file) =>
                file.endsWith('.partial'),
              ),
            );
          if (writing) break;
          await sleep(inWrite ? 0 : 20);
        }
        const target = random.uniform() < 0.6 ? 'worker' : 'launcher';
        try {
          const victim = target === 'launcher' ? child.pid! : childrenOf(child.pid!)[random.integer(2)];
          process.kill(victim, 'SIGKILL');
          hits[writing ? 'in a write' : target]++;
        } catch {
          // It ended just before, or there is no worker yet.
        }
        if (target === 'launcher') await child.closed;
        // All records there: begin again, so that every kill hits something.
        if (variants.every((variant) => existsSync(path.join(cellFolder(stormy, variant), 'record.json')))) {
          await child.closed;
          await finish(stormy);
          for (const variant of variants) {
            expect(scientific(stormy, variant)).toBe(scientific(calm, variant));
            expect(eventsOf(stormy, variant).match(/"event":"done"/g)).toHaveLength(1);
          }
          await rm(stormy, { recursive: true, force: true, maxRetries: 10 });
        }
      }
      await child.closed;
      await finish(stormy);
      console.log(`kills: ${JSON.stringify(hits)}`);

      for (const variant of variants) {
        expect(scientific(stormy, variant)).toBe(scientific(calm, variant));
        expect(eventsOf(stormy, variant).match(/"event":"done"/g)).toHaveLength(1);
      }
      const left = filesBelow(stormy).map((file) => path.relative(stormy, file));
      expect(left.filter((file) => /partial|lease-|checkpoint|submissions/.test(file))).toEqual([]);
      expect(left.filter((file) => !/worker\.log|events\.jsonl/.test(file)).sort()).toEqual(
        filesBelow(calm)
          .map((file) => path.relative(calm, file))
          .filter((file) => !/worker\.log|events\.jsonl/.test(file))
          .sort(),
      );
    },
  );

  it('is worked on by two launchers at once without doing anything twice', async () => {
    const run = path.join(work, 'two launchers');
    const both = [start(run), start(run)];
    const outcomes = await Promise.all(both.map(({ closed }) => closed));
    expect(
      outcomes.map(({ code }) => code),
      both.map(({ output }) => output).join('\n'),
    ).toEqual([0, 0]);
    for (const variant of variants) {
      expect(scientific(run, variant)).toBe(scientific(path.join(work, 'calm'), variant));
      expect(eventsOf(run, variant).match(/"event":"started"/g)).toHaveLength(1);
    }
  });
});
