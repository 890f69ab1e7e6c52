// Every write, fsync, rename, open and mkdir of the writers fails once, in each way: no file is half-written under its final name, what
// was there before stays, and the next attempt comes to the same files. The whole command: `npx nx run fuzz:faults`.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { messageOf, WeightmapError } from '@weightmap/core';
import { removeLeftovers, writeWhole } from '@weightmap/core/files';
import { startEngine } from '@weightmap/engine';
import {
  cellPaths,
  mergeManifest,
  openEvaluationCache,
  readAttackedRun,
  readManifest,
  readRecords,
  writeAttackedRun,
  writeFailure,
  writeRecord,
  type CellConfig,
} from '@weightmap/records';
import { makeRecord } from '@weightmap/test-utils/records';
import { loadModel, loadSafetensors, saveModel, saveSafetensors } from '@weightmap/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSubmission } from '../../../apps/experiments/src/launchers/submissions.js';
import { takeLease } from '../../../apps/experiments/src/leases/lease.js';
import { thisProcess } from '../../../apps/experiments/src/leases/process-identity.js';
import { injectFaults, type Fault } from '../src/inject-faults.mjs';
import { ATTACKED, MANIFEST } from '../src/targets/records.js';

const FAULTS: readonly Fault[] = ['EIO', 'ENOSPC', 'EMFILE', 'EACCES', 'EROFS', 'short'];

let work: string;
let older: tf.LayersModel;
let newer: tf.LayersModel;
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-faults-'));
  await startEngine({ engine: 'cpu' });
  [older, newer] = [1, 2].map((seed) =>
    tf.sequential({
      layers: [
        tf.layers.dense({
          name: 'logits',
          inputShape: [3],
          units: 2,
          kernelInitializer: tf.initializers.glorotUniform({ seed }),
        }),
      ],
    }),
  );
});
afterAll(() => rm(work, { recursive: true, force: true }));

/** Something that is written, over an earlier version of it, and how it is read. */
interface Workload {
  readonly before: (run: string) => Promise<unknown>;
  readonly write: (run: string) => Promise<unknown>;
  /** Throws if a file can't be used. */
  readonly read: (run: string) => Promise<unknown>;
}

const record = makeRecord();
const cell: CellConfig = record.cell;
const inModel = async (run: string) => {
  const model = await loadModel(path.join(run, 'weights'));
  const values = model.getWeights().map((one) => [...one.dataSync()]);
  model.dispose();
  return values;
};
const cacheIn = (run: string) => openEvaluationCache(path.join(run, 'evaluation'), 'x');

const workloads: Readonly<Record<string, Workload>> = {
  'a file': {
    before: (run) => writeWhole(path.join(run, 'a/b'), 'older'),
    write: (run) => writeWhole(path.join(run, 'a/b'), 'newer and longer'),
    read: async (run) => readFileSync(path.join(run, 'a/b'), 'utf8'),
  },
  'a record': {
    before: (run) => writeRecord(run, makeRecord({ trial: 2 })),
    write: (run) => writeRecord(run, record),
    async read(run) {
      const { records, damaged } = await readRecords(run);
      expect(damaged).toEqual([]);
      return records.map(({ record: one }) => one);
    },
  },
  'a record over a damaged one': {
    before: (run) => writeWhole(cellPaths(run, cell).record, '{"schemaVersion"'),
    write: (run) => writeRecord(run, record),
    async read(run) {
      const { records, damaged } = await readRecords(run);
      // Set aside, and the new one not yet there: nothing is lost either.
      const aside = existsSync(cellPaths(run, cell).damagedRecord);
      return records.length > 0 ? 'new' : damaged.length > 0 || aside ? 'damaged' : 'lost';
    },
  },
  'a list of cells': {
    before: (run) => mergeManifest(run, { ...MANIFEST, cells: [makeRecord({ trial: 3 }).cell] } as never),
    write: (run) => mergeManifest(run, MANIFEST as never),
    read: readManifest,
  },
  'results of attacks': {
    before: (run) => writeAttackedRun(run, { ...ATTACKED, images: 50 }),
    write: (run) => writeAttackedRun(run, ATTACKED),
    async read(run) {
      const attacked = await readAttackedRun(run);
      expect(attacked).not.toBeNull();
      return attacked;
    },
  },
  'a weights file': {
    before: (run) => saveSafetensors(older, path.join(run, 'w.safetensors')),
    write: (run) => saveSafetensors(newer, path.join(run, 'w.safetensors')),
    async read(run) {
      const model = tf.sequential({
        layers: [tf.layers.dense({ name: 'logits', inputShape: [3], units: 2 })],
      });
      await loadSafetensors(model, path.join(run, 'w.safetensors'));
      return model.getWeights().map((one) => [...one.dataSync()]);
    },
  },
  measurements: {
    before: (run) => cacheIn(run).entries('noise', {}, [1], async () => [10]),
    write: (run) =>
      cacheIn(run).entries('noise', {}, [1, 2], async (missing) => missing.map((key) => 10 * key)),
    read: async (run) =>
      (await cacheIn(run).known('noise', {}, [1, 2])) ?? (await cacheIn(run).known('noise', {}, [1])),
  },
  'a submission and a lease': {
    before: async () => {},
    async write(run) {
      const submission = {
        launcher: 'local',
        kind: 'cells',
        at: '2026-01-01T00:00:00Z',
        process: thisProcess,
      };
      const withdraw = await writeSubmission(run, submission as never);
      const { lease } = await takeLease(path.join(run, 'cell'));
      await lease!.release();
      await withdraw();
    },
    read: async () => null,
  },
  'why a cell failed': {
    before: async () => {},
    write: (run) => writeFailure(run, cell, new Error('no'), 1),
    read: async () => null,
  },
};

/** The files of a folder that aren't temporary. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.partial'))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();

let folders = 0;
async function prepared({ before }: Workload): Promise<string> {
  const run = path.join(work, `run-${folders++}`);
  mkdirSync(run);
  await before(run);
  return run;
}

/** The changes of the file system that a workload makes. */
async function callsOf(workload: Workload): Promise<string[]> {
  const run = await prepared(workload);
  const calls: string[] = [];
  const injected = injectFaults({ under: run, onCall: (line) => calls.push(line) });
  await workload.write(run).finally(injected.restore);
  return calls;
}

describe.each(Object.entries(workloads))('%s', (_, workload) => {
  it.each(FAULTS)(
    'is whole or as before whichever call fails with %s, and comes out right the next time',
    async (fault) => {
      const calm = await prepared(workload);
      const [isBefore] = [await workload.read(calm)];
      await workload.write(calm);
      const isAfter = await workload.read(calm);
      const calls = await callsOf(workload);
      expect(calls.length).toBeGreaterThan(2);
      for (const at of calls.keys()) {
        const run = await prepared(workload);
        const injected = injectFaults({ under: run, at: at + 1, fault });
        const error: unknown = await workload.write(run).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        injected.restore();
        const place = `${calls[at]} failing with ${fault}`;
        expect(injected.count(), place).toBeGreaterThan(at);
        if (error !== null) expect(error, `${place}: ${messageOf(error)}`).toBeInstanceOf(WeightmapError);
        expect([isBefore, isAfter], place).toContainEqual(await workload.read(run));
        await workload.write(run);
        expect(await workload.read(run), place).toEqual(isAfter);
        await removeLeftovers(run, { isOurs: true });
        expect(filesIn(run).map(nameless), place).toEqual(filesIn(calm).map(nameless));
      }
    },
  );
});

/** Names of submissions hold the process. */
const nameless = (file: string) => file.replace(/-\d+\.json$/, '.json');

describe('a model', () => {
  it.each(FAULTS)('is never half of one and half of another whichever call fails with %s', async (fault) => {
    const workload: Workload = {
      before: (run) => saveModel(older, path.join(run, 'weights')),
      write: (run) => saveModel(newer, path.join(run, 'weights')),
      read: inModel,
    };
    const after = await prepared(workload).then(async (run) => (await workload.write(run), inModel(run)));
    const before = await inModel(await prepared(workload));
    for (const [i, call] of (await callsOf(workload)).entries()) {
      const run = await prepared(workload);
      const injected = injectFaults({ under: run, at: i + 1, fault });
      const error: unknown = await workload.write(run).catch((thrown: unknown) => thrown);
      injected.restore();
      if (error) expect(error, call).toBeInstanceOf(WeightmapError);
      // Two files: in between, the digest in one refuses the other.
      const found: unknown = await inModel(run).catch((thrown: unknown) => {
        expect(thrown).toBeInstanceOf(WeightmapError);
        return after;
      });
      expect([before, after], call).toContainEqual(found);
      await workload.write(run);
      expect(await inModel(run)).toEqual(after);
    }
  });
});
