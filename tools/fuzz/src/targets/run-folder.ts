import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cellId, cellPaths } from '@weightmap/records';
import { partFailure } from '../../../../apps/experiments/src/attack/part-states.js';
import { partsOf, type AttackPart } from '../../../../apps/experiments/src/attack/parts.js';
import { readAttackPlan } from '../../../../apps/experiments/src/attack/plan.js';
import { readBenches } from '../../../../apps/experiments/src/bench/saved-bench.js';
import { readSubmissions } from '../../../../apps/experiments/src/launchers/submissions.js';
import { isHeld, leaseHolder } from '../../../../apps/experiments/src/leases/lease.js';
import { thisProcess } from '../../../../apps/experiments/src/leases/process-identity.js';
import { cellStates } from '../../../../apps/experiments/src/status/cell-states.js';
import { statusTable } from '../../../../apps/experiments/src/status/status-table.js';
import { benchPage } from '../../../../packages/report/src/bench-page.js';
import { wholeJson, type JsonPart } from '../mutate.js';
import { refused, target, type Target } from '../target.js';
import { CELL, EVENTS, eventLines, MANIFEST, print, sameAsJson } from './records.js';

const SOURCE = 'apps/experiments/src';

const BENCH = {
  schemaVersion: 1,
  suite: 'steps',
  at: '2026-11-20T12:00:00.000Z',
  commit: { sha: 'c1'.repeat(20), dirty: false },
  versions: { weightmap: '0.1.0', node: '20.19.0' },
  conditions: { processor: 'x', cores: 2, threads: 2, batch: 64 },
  load: [0, 1.5],
  figures: [
    { name: 'cnn-33, fused', variant: 'cnn-33', value: 12.5, unit: 'ms', ratio: 0.5 },
    { name: 'unsharp', variant: null, value: 3, unit: 'ms', ratio: null },
  ],
  rows: [{ case: 'cnn-33' }],
};

const PLAN = {
  schemaVersion: 1,
  subset: { images: 100, seed: 1 },
  engine: 'native 2.9.1',
  datasets: {
    mnist: {
      attacks: [
        {
          id: 'pgd',
          label: 'PGD',
          kind: 'fixed',
          strength: 'epsilon',
          norm: 'linf',
          source: 'Madry et al. 2018',
          strengths: [0.1, 0.3],
        },
      ],
      epsilons: [0.1, 0.3],
      pictured: 0.1,
    },
  },
  networks: [
    {
      cellId: cellId(CELL),
      weights: 'a'.repeat(64),
      classes: 10,
      flops: 14_000_000,
      attacked: true,
      pictured: true,
    },
  ],
  masking: { images: 100 },
  transfer: true,
  corruptions: { baseline: 'cnn-33' },
};

const SUBMISSIONS = [
  { launcher: 'local', kind: 'cells', at: '2026-11-20T12:00:00Z', process: thisProcess },
  {
    launcher: 'slurm',
    kind: 'attacks',
    at: '2026-11-20T12:00:00Z',
    arrays: [{ job: '17', cluster: null, offset: 0 }],
    report: '18',
  },
];

const lastLine: JsonPart = {
  read: (bytes) => bytes.toString().trimEnd().split('\n').at(-1) ?? null,
  write: (json, bytes) =>
    Buffer.from(`${bytes.toString().trimEnd().split('\n').slice(0, -1).join('\n')}\n${json}\n`),
};

/** A run with its list of cells and a lease of this process. */
async function runningCell(run: string): Promise<string> {
  const { folder } = cellPaths(run, CELL);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(run, 'grid.json'), print(MANIFEST));
  await writeFile(path.join(folder, 'cell.json'), print({ cellId: cellId(CELL) }));
  await writeFile(path.join(folder, 'lease-1.json'), print({ holder: thisProcess, token: 'x' }));
  return folder;
}

export const runFolderTargets: readonly Target[] = [
  target<string>({
    name: 'status',
    covers: [`${SOURCE}/status/cell-states.ts`, `${SOURCE}/status/status-table.ts`],
    json: lastLine,
    isText: true,
    seeds: () => [eventLines, Buffer.from(`${JSON.stringify(EVENTS[0])}\n`)],
    async open(run) {
      const folder = await runningCell(run);
      return async (bytes) => {
        await writeFile(path.join(folder, 'events.jsonl'), bytes);
        return statusTable(await cellStates(run), { all: true });
      };
    },
    check(table, bytes) {
      const wrong = /NaN|Infinity|undefined|\[object/.exec(table)?.[0];
      // A stage may have such a name.
      return wrong && !bytes.includes(wrong) ? `the table says ${wrong}: ${table}` : null;
    },
  }),
  target({
    name: 'attack-plan',
    covers: [`${SOURCE}/attack/plan.ts`],
    json: wholeJson,
    seeds: () => [print(PLAN)],
    async open(run) {
      await mkdir(path.join(run, 'attacks'), { recursive: true });
      return async (bytes) => {
        await writeFile(path.join(run, 'attacks', 'plan.json'), bytes);
        const plan = await readAttackPlan(run);
        if (plan) partsOf(run, plan, MANIFEST);
        return plan ?? refused;
      };
    },
    check: sameAsJson,
  }),
  target({
    name: 'saved-bench',
    covers: [`${SOURCE}/bench/saved-bench.ts`],
    weight: 0.2,
    json: wholeJson,
    seeds: () => [print(BENCH)],
    async open(folder) {
      return async (bytes) => {
        await writeFile(path.join(folder, 'bench.json'), bytes);
        const { runs } = await readBenches(folder);
        benchPage(runs);
        return runs[0] ?? refused;
      };
    },
    check: sameAsJson,
  }),
  target({
    name: 'part-failure',
    covers: [`${SOURCE}/attack/part-states.ts`],
    json: wholeJson,
    seeds: () => [print({ part: 'pgd', reason: 'no', stack: null, host: 'h', at: '2026-11-20T12:00:00Z' })],
    async open(folder) {
      return async (bytes) => {
        await writeFile(path.join(folder, 'failure.json'), bytes);
        return partFailure({ folder } as AttackPart) ?? refused;
      };
    },
    check: (reason, bytes) => sameAsJson({ reason }, bytes),
  }),
  target({
    name: 'lease',
    covers: [`${SOURCE}/leases/lease.ts`, `${SOURCE}/leases/process-identity.ts`],
    json: wholeJson,
    seeds: () => [print({ holder: thisProcess, token: 'x' })],
    async open(folder) {
      return async (bytes) => {
        await writeFile(path.join(folder, 'lease-1.json'), bytes);
        const held = leaseHolder(folder);
        isHeld(folder); // an unreadable lease counts as held for a while
        return held ? held.holder : refused;
      };
    },
    check: (holder, bytes) => sameAsJson({ holder }, bytes),
  }),
  target({
    name: 'submissions',
    covers: [`${SOURCE}/launchers/submissions.ts`],
    json: wholeJson,
    seeds: () => SUBMISSIONS.map(print),
    async open(run) {
      await mkdir(path.join(run, 'submissions'), { recursive: true });
      return async (bytes) => {
        await writeFile(path.join(run, 'submissions', '1.json'), bytes);
        if (!existsSync(run)) throw new Error('the run is gone');
        return (await readSubmissions(run))[0] ?? refused;
      };
    },
    check(value, bytes) {
      const plain = JSON.parse(bytes.toString()) as object;
      return sameAsJson(value, Buffer.from(JSON.stringify({ kind: 'cells', ...plain })));
    },
  }),
];
