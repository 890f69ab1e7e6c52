import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  canonicalJson,
  cellId,
  cellPaths,
  contentDigest,
  lastEvents,
  openEvaluationCache,
  readAttackedRun,
  readCellRecord,
  readFailure,
  readManifest,
  readRecords,
  storedIdentity,
  tailOf,
  type AttackedRun,
  type LoggedEvent,
} from '@weightmap/records';
import { makeRecord } from '@weightmap/test-utils/records';
import { wholeJson, type JsonPart } from '../mutate.js';
import { refused, target, type Target } from '../target.js';

const SOURCE = 'packages/records/src';

export const print = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value, null, 1)}\n`);

/** The JSON with the right digest of its content under a name; null if it is no object. */
const signed =
  (name: string, contentOf = ({ [name]: _, ...content }: Record<string, unknown>): unknown => content) =>
  (bytes: Buffer): Buffer | null => {
    try {
      const value = JSON.parse(bytes.toString()) as Record<string, unknown>;
      return print({ ...value, [name]: contentDigest(contentOf(value)) });
    } catch {
      return null;
    }
  };
const signFile = signed('sha256');
const signCells = signed('cellsSha256', ({ cells }) => cells);

/** The cell that the made records are of. */
export const RECORD = makeRecord();
export const CELL = RECORD.cell;

export const MANIFEST = {
  schemaVersion: 1,
  preset: 'smoke',
  data: { seed: 1, dataDir: '/data', splitBy: 'image' },
  gradCamSamples: 2,
  tensorboard: false,
  checkpointSeconds: 60,
  cells: [CELL, makeRecord({ variant: 'cnn-smooth-32', trial: 2 }).cell],
};

export const ATTACKED: AttackedRun = {
  schemaVersion: 2,
  images: 100,
  subsetSeed: 1,
  cells: [
    {
      cellId: cellId(CELL),
      variant: CELL.variant,
      dataset: CELL.dataset.id,
      trial: 1,
      images: 100,
      cleanAccuracyPercent: 99,
      attacks: [
        {
          id: 'pgd',
          label: 'PGD',
          norm: 'linf',
          measure: 'epsilon',
          points: [
            { strength: 0.1, accuracyPercent: 50, meanLinf: 0.1, meanL2: 1.5 },
            { strength: 0.3, accuracyPercent: 0, meanLinf: 0.3, meanL2: null },
          ],
        },
      ],
      worst: [{ norm: 'linf', strength: 0.1, accuracyPercent: 50 }],
      masking: null,
      failed: ['a part'],
    },
  ],
  transfer: [
    {
      dataset: 'mnist',
      epsilon: 0.1,
      images: 100,
      pairs: [{ from: 'cnn-33', to: 'cnn-33', accuracyPercent: 50 }],
    },
  ],
};

/** Whether an accepted value is what JSON.parse reads; keys that a schema passes over may be missing. */
export function sameAsJson(value: unknown, bytes: Buffer): string | null {
  const plain: unknown = JSON.parse(bytes.toString());
  return isPartOf(value, plain)
    ? null
    : `other values than JSON.parse gives: ${JSON.stringify(value).slice(0, 200)}`;
}

/** Whether a value is what another has, which may have more keys. */
export function isPartOf(value: unknown, whole: unknown): boolean {
  if (value === null || typeof value !== 'object') return value === whole || Object.is(value, whole); // −0 is 0
  if (Array.isArray(value) !== Array.isArray(whole) || whole === null || typeof whole !== 'object')
    return false;
  if (Array.isArray(value) && value.length !== (whole as unknown[]).length) return false;
  return Object.entries(value).every(([key, inner]) =>
    isPartOf(inner, (whole as Record<string, unknown>)[key]),
  );
}

/** A file in a cell's folder of a run, read by `read`; null is a refusal. */
const inCell =
  <Value>(name: string, read: (run: string, file: string) => Promise<Value | null> | Value | null) =>
  async (run: string) => {
    const file = path.join(cellPaths(run, CELL).folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    return async (bytes: Buffer): Promise<Value | typeof refused> => {
      await writeFile(file, bytes);
      return (await read(run, file)) ?? refused;
    };
  };

const inRun =
  <Value>(name: string, read: (run: string) => Promise<Value | null> | Value | null) =>
  async (run: string) => {
    await mkdir(run, { recursive: true });
    return async (bytes: Buffer): Promise<Value | typeof refused> => {
      await writeFile(path.join(run, name), bytes);
      return (await read(run)) ?? refused;
    };
  };

/** Any line of a log. */
const someLine: JsonPart = {
  read: (bytes) => bytes.toString().split('\n').at(-2) ?? null,
  write(json, bytes) {
    const lines = bytes.toString().split('\n');
    lines.splice(-2, 1, json);
    return Buffer.from(lines.join('\n'));
  },
};

export const EVENTS = [
  { time: '2026-11-20T12:00:00.000Z', event: 'started', attempt: 1 },
  {
    time: '2026-11-20T12:00:01.000Z',
    event: 'epoch',
    epoch: 1,
    trainLoss: 0.5,
    validationErrorPercent: 5,
  },
  {
    time: '2026-11-20T12:00:02.000Z',
    event: 'progress',
    stage: 'training',
    done: 3,
    total: 10,
    figures: { epoch: 2, loss: 0.25, imagesPerSecond: 1000, secondsLeft: 12.5 },
  },
];

export const eventLines = Buffer.from(EVENTS.map((event) => `${JSON.stringify(event)}\n`).join(''));

const CIRCUMSTANCES = { seed: 1, images: 100 };

function signEvaluation(bytes: Buffer): Buffer | null {
  try {
    const { content } = JSON.parse(bytes.toString()) as { content: object };
    const sha256 = createHash('sha256').update(JSON.stringify(content)).digest('hex');
    return Buffer.from(`${JSON.stringify({ sha256, content })}\n`);
  } catch {
    return null;
  }
}

export const recordTargets: readonly Target[] = [
  target({
    name: 'record',
    covers: [`${SOURCE}/run-folder.ts`, `${SOURCE}/_read-record.ts`, `${SOURCE}/_check.ts`],
    json: wholeJson,
    sign: signFile,
    seeds: () => [print(RECORD), signFile(print(RECORD))!],
    open: inCell('record.json', async (run) => {
      const { records, damaged } = await readRecords(run);
      const one = await readCellRecord(run, CELL);
      // A record of another cell is read by the first in another place alone.
      if ((one !== null) !== (records.length === 1))
        throw new Error('one reader takes it, the other does not');
      if (records.length + damaged.length !== 1) throw new Error('neither read nor named as damaged');
      if (damaged.some(({ reason }) => reason.length > 2000)) throw new Error('a reason without end');
      return one;
    }),
    check: sameAsJson,
  }),
  target({
    name: 'grid',
    covers: [`${SOURCE}/manifest.ts`],
    json: wholeJson,
    sign: signCells,
    seeds: () => [print(MANIFEST), signCells(print(MANIFEST))!],
    open: inRun('grid.json', readManifest),
    check: sameAsJson,
  }),
  target({
    name: 'attacks',
    covers: [`${SOURCE}/attacked-run.ts`],
    json: wholeJson,
    sign: signFile,
    seeds: () => [print(ATTACKED), signFile(print(ATTACKED))!],
    open: inRun('attacks.json', (run) => readAttackedRun(run)),
    check: sameAsJson,
  }),
  target({
    name: 'failure',
    covers: [`${SOURCE}/failure.ts`],
    json: wholeJson,
    seeds: () => [
      print({
        schemaVersion: 1,
        cellId: cellId(CELL),
        attempt: 2,
        reason: 'Training diverged.',
        stack: null,
        host: 'bench-1',
        at: '2026-11-20T12:00:00Z',
      }),
    ],
    open: inCell('failure.json', (run) => readFailure(run, CELL)),
    check: sameAsJson,
  }),
  target<string>({
    name: 'cell-identity',
    covers: [`${SOURCE}/stored-identity.ts`],
    json: wholeJson,
    seeds: () => [print({ cellId: cellId(CELL) })],
    open: inCell('cell.json', (_, file) => storedIdentity(file)),
    check: (id, bytes) => sameAsJson({ cellId: id }, bytes),
  }),
  target<readonly LoggedEvent[]>({
    name: 'events',
    covers: [`${SOURCE}/event-log.ts`, `${SOURCE}/tail-of.ts`],
    mayBeStrange: true, // whoever shows a figure checks it
    json: someLine,
    isText: true,
    seeds: () => [eventLines],
    open: inCell('events.jsonl', (_, file) => {
      tailOf(file, 1);
      const events = lastEvents(file);
      return events.length > 0 ? events : null;
    }),
    check(events) {
      const strange = events.find(
        (event) => typeof event?.time !== 'string' || typeof event?.event !== 'string',
      );
      return strange === undefined ? null : `took ${JSON.stringify(strange).slice(0, 100)} for an event`;
    },
  }),
  target<unknown[]>({
    name: 'evaluation-cache',
    covers: [`${SOURCE}/evaluation-cache.ts`],
    json: wholeJson,
    sign: signEvaluation,
    seeds: () => {
      const content = {
        circumstances: canonicalJson({ checkpoint: 'x', ...CIRCUMSTANCES }),
        entries: { '0.1': { errorPercent: 5 }, '0.2': { errorPercent: 7.5 } },
      };
      return [signEvaluation(print({ content }))!];
    },
    open: inCell('noise.json', (_, file) =>
      openEvaluationCache(path.dirname(file), 'x').known('noise', CIRCUMSTANCES, [0.1, 0.2]),
    ),
    check(values, bytes) {
      const { content } = JSON.parse(bytes.toString()) as { content: { entries: Record<string, unknown> } };
      const same =
        JSON.stringify(values) === JSON.stringify([content.entries['0.1'], content.entries['0.2']]);
      return same ? null : 'other values';
    },
  }),
];
