// A record that is damaged or contradicts its own cell is never taken for a result.
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomStream } from '@weightmap/core';
import { madeHistory, makeRecord } from '@weightmap/test-utils/records';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  cellId,
  cellPaths,
  cellRecord,
  contentDigest,
  mergeManifest,
  readAttackedRun,
  readManifest,
  readRecords,
  readRun,
  writeAttackedRun,
  writeRecord,
  type AttackedRun,
  type RunRecord,
} from '@weightmap/records';

let run: string;
beforeEach(async () => {
  run = await mkdtemp(path.join(tmpdir(), 'weightmap-damaged-'));
});
afterEach(() => rm(run, { recursive: true, force: true }));

const made = makeRecord({
  training: { epochs: 3 },
  data: { label: 'MNIST “ü”' },
  metrics: { calibration: 0.5 },
  gradCam: [
    {
      ...{ image: 'grad-cam/4-clean-image.png', heatmap: 'grad-cam/4-clean-heatmap.png', layer: 'conv3' },
      ...{ sample: 4, condition: 'clean', strength: 0, label: '7', predicted: '1', probability: 0.625 },
    },
  ],
});
const { cell } = made;

const grid = (record: RunRecord) => ({
  ...{ preset: 'smoke', data: { seed: 1 }, gradCamSamples: 0, tensorboard: false },
  cells: [record.cell],
});

const attackedRun = (of: RunRecord): AttackedRun => ({
  ...{ schemaVersion: 2, images: 10, subsetSeed: 1, transfer: null },
  cells: [
    {
      ...{ cellId: of.cellId, variant: of.variant, dataset: of.dataset, trial: of.trial },
      ...{ images: 10, cleanAccuracyPercent: 90, attacks: [], worst: [], masking: null },
    },
  ],
});

/** Writes the record's file as an earlier version did: without a digest. */
async function writeOlder(record: object): Promise<string> {
  const file = cellPaths(run, cell).record;
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(record, null, 2)}\n`);
  return file;
}

const reasonOf = async () => (await readRecords(run)).damaged[0]?.reason;

/** Every bit of a few bytes, and as many seeded bits of the rest as asked for. */
function* flipped(bytes: Buffer, count: number): Generator<Buffer> {
  const random = randomStream(1, 'bits');
  for (let i = 0; i < count; i++) {
    const copy = Buffer.from(bytes);
    const bit = Math.floor(random.uniform() * bytes.length * 8);
    copy[bit >> 3] ^= 1 << (bit & 7);
    yield copy;
  }
}

describe('a record with a flipped bit', () => {
  it('is refused: of 4,000 flips over the whole file, none is accepted with other content', async () => {
    const file = await writeRecord(run, made);
    const whole = await readFile(file);
    const counts = { refused: 0, same: 0, other: 0 };
    for (const bytes of flipped(whole, 4000)) {
      await writeFile(file, bytes);
      const found = await cellRecord(run, cell);
      if (found.state !== 'valid') counts.refused++;
      else counts[JSON.stringify(found.record) === JSON.stringify(made) ? 'same' : 'other']++;
    }
    expect(counts).toEqual({ refused: 4000, same: 0, other: 0 });
  });

  it('is named with its reason, kept, and replaced when the cell is computed again', async () => {
    const file = await writeRecord(run, made);
    const text = (await readFile(file, 'utf8')).replace(
      '"testErrorPercent": 0.85',
      '"testErrorPercent": 0.84',
    );
    await writeFile(file, text);
    expect(await reasonOf()).toBe('sha256: the content has changed since it was written');
    expect((await readRun(run)).records).toEqual([]);

    await writeRecord(run, made);
    expect((await readRecords(run)).records.map(({ record }) => record)).toEqual([made]);
    expect(await readFile(cellPaths(run, cell).damagedRecord, 'utf8')).toBe(text);
  });

  it('is refused in attacks.json and in the list of cells as well', async () => {
    await mergeManifest(run, grid(made));
    await writeAttackedRun(run, attackedRun(made));
    const files = { attacks: path.join(run, 'attacks.json'), grid: path.join(run, 'grid.json') };
    const attacks = await readFile(files.attacks);
    for (const bytes of flipped(attacks, 500)) {
      await writeFile(files.attacks, bytes);
      const read = await readAttackedRun(run);
      if (read) expect(read).toEqual(attackedRun(made));
    }
    const list = await readFile(files.grid);
    for (const bytes of flipped(list, 500)) {
      await writeFile(files.grid, bytes);
      const read = await readManifest(run).catch(() => null);
      if (read) expect(read.cells).toEqual([cell]);
    }
  });
});

describe('a record', () => {
  it('is the same file for the same content, with the digest last', async () => {
    const first = await readFile(await writeRecord(run, made), 'utf8');
    expect(await readFile(await writeRecord(run, made), 'utf8')).toBe(first);
    expect(first.trimEnd().split('\n').at(-2)).toBe(`  "sha256": "${contentDigest(made)}"`);
    expect(await readdir(cellPaths(run, cell).folder)).toEqual(['record.json']);
  });

  it('without a digest, of an earlier version, is read, and says so by the missing digest', async () => {
    await writeOlder(made);
    const { records, damaged } = await readRecords(run);
    expect(damaged).toEqual([]);
    expect(records).toEqual([{ record: made, folder: cellPaths(run, cell).folder }]);
    await writeRecord(run, made);
    expect((await readRecords(run)).records[0].sha256).toBe(contentDigest(made));
  });

  it('of an epoch selected under an attack has the errors there, and its strength', async () => {
    const robust = { ...cell.training, selection: 'robust' as const, selectionEpsilon: 0.1 };
    const own = { ...cell, training: robust };
    const errors = [30, 20, 20];
    const history = made.history.map((epoch, i) => ({ ...epoch, validationRobustErrorPercent: errors[i] }));
    const record = { ...made, cell: own, cellId: cellId(own), history };
    const selectedEpoch = history[1].validationErrorPercent <= history[2].validationErrorPercent ? 2 : 3;
    const readAs = async (given: object) => {
      await writeOlder(given);
      const { records, damaged } = await readRecords(run);
      return records.length > 0 ? 'good' : damaged.map((one) => JSON.stringify(one)).join();
    };
    expect(await readAs({ ...record, selectedEpoch })).toBe('good');
    expect(await readAs({ ...record, selectedEpoch: 1 })).toMatch(/selection “robust” it is/);
    expect(await readAs({ ...record, history: made.history, selectedEpoch })).toMatch(
      /history.0 has no validationRobustErrorPercent/,
    );
    const weak = { ...own, training: { ...robust, selectionEpsilon: undefined } };
    expect(await readAs({ ...record, selectedEpoch, cell: weak, cellId: cellId(weak) })).toMatch(
      /has no strength/,
    );
  });

  const without = { ...made, history: madeHistory(3).slice(0, 2) };
  it.each<[RegExp, object]>([
    [/epochs is 4, the cell has 3/, { ...made, epochs: 4 }],
    [/selectedEpoch is 3; by history and selection “best” it is 2/, { ...made, selectedEpoch: 3 }],
    [/history has 2 epochs, the cell has 3/, without],
    [
      /history.1.epoch is 3, not 2/,
      { ...made, history: made.history.map((e, i) => ({ ...e, epoch: i ? 3 : 1 })) },
    ],
    [/noise has the strengths 0, 0.5, the cell has 0, 0.5, 1/, { ...made, noise: made.noise.slice(0, 2) }],
    [
      /noise has the strengths 0, 0.7, 1/,
      { ...made, noise: made.noise.map((n, i) => (i === 1 ? { ...n, beta: 0.7 } : n)) },
    ],
    [/fgsm has the strengths none/, { ...made, fgsm: [] }],
    [/fgsm has the strengths 0.3/, { ...made, fgsm: made.fgsm.toReversed() }],
    [/variant is cnn-35, the cell has cnn-33/, { ...made, variant: 'cnn-35' }],
    [/dataset is cifar10, the cell has mnist/, { ...made, dataset: 'cifar10' }],
    [/trial is 2, the cell has 1/, { ...made, trial: 2 }],
    [/seed is 2, the cell has 1/, { ...made, seed: 2 }],
    [
      /activationVariance.0.n is 10, the cell has 1000/,
      { ...made, activationVariance: [{ ...made.activationVariance[0], n: 10 }] },
    ],
    [/gradCamSharpness.0.n is 9/, { ...made, gradCamSharpness: [{ ...made.gradCamSharpness[0], n: 9 }] }],
    [
      /gradCamSharpness.0.hoyer.n is 998/,
      { ...made, gradCamSharpness: [{ ...made.gradCamSharpness[0], empty: 0 }] },
    ],
    [/gradCam.0.sample is 10000/, { ...made, gradCam: [{ ...made.gradCam[0], sample: 10_000 }] }],
    [
      /history.1.epoch/,
      { ...made, history: [made.history[0], { ...made.history[1], epoch: 2 ** 31 }, made.history[2]] },
    ],
    [/Too big/, { ...made, activationVariance: Array(1001).fill(made.activationVariance[0]) }],
    [/testErrorPercent/, { ...made, testErrorPercent: null }],
    [/seconds.training/, { ...made, seconds: { training: 1e300, evaluation: 1 } }],
  ])('that contradicts its cell or has no bounds is left out: %s', async (reason, record) => {
    await writeOlder(record);
    expect(await reasonOf()).toMatch(reason);
    expect((await readRecords(run)).records).toEqual([]);
    expect(await cellRecord(run, cell)).toMatchObject({ state: 'damaged' });
    // A digest doesn't make it right.
    await writeOlder({ ...record, sha256: contentDigest(record) });
    expect(await reasonOf()).toMatch(reason);
    await expect(writeRecord(run, record as RunRecord)).rejects.toThrow('not a valid record');
  });

  it('whose place has another configuration in the list of cells is left out', async () => {
    await writeRecord(run, made);
    await mergeManifest(run, grid(makeRecord({ training: { epochs: 4 } })));
    expect(await reasonOf()).toContain('grid.json');
    expect(await cellRecord(run, makeRecord({ training: { epochs: 4 } }).cell)).toEqual({
      state: 'other',
      cellId: made.cellId,
    });
  });

  it('that is a folder, a link to itself or to nowhere is left out with its reason', async () => {
    const { record: file, folder } = cellPaths(run, cell);
    await mkdir(file, { recursive: true });
    expect(await reasonOf()).toBe('A file cannot be read: it is a folder.');
    for (const [target, reason] of [
      ['record.json', 'A path leads out of its folder.'],
      ['nothing.json', 'A path leads out of its folder.'],
    ]) {
      await rm(file, { recursive: true, force: true });
      await symlink(path.join(folder, target), file);
      expect(await reasonOf()).toBe(reason);
    }
    await writeRecord(run, made);
    expect((await readRecords(run)).damaged).toEqual([]);
  });
});

describe('a run', () => {
  it('with a damaged list of cells keeps its records readable and says what is wrong', async () => {
    await writeRecord(run, made);
    await mergeManifest(run, grid(made));
    await writeFile(path.join(run, 'grid.json'), '{"schemaVersion": 1, ');
    const { records, notes, unfinished } = await readRun(run);
    expect(records).toHaveLength(1);
    expect(unfinished).toEqual([]);
    expect(notes).toEqual([expect.stringMatching(/^the list of cells can’t be used.*grid.json: .*JSON/)]);
    // A new list keeps the damaged one beside it.
    await mergeManifest(run, grid(made));
    expect(await readFile(path.join(run, 'grid.damaged.json'), 'utf8')).toBe('{"schemaVersion": 1, ');
    expect((await readRun(run)).notes).toEqual([]);
  });

  it('leaves out attack results of another configuration, and a file with names that lead elsewhere', async () => {
    await writeRecord(run, made);
    const other = makeRecord({ training: { epochs: 4 } });
    await writeAttackedRun(run, {
      ...attackedRun(made),
      cells: [...attackedRun(made).cells, ...attackedRun(other).cells],
    });
    const read = await readRun(run);
    expect(read.attacks!.cells.map(({ cellId }) => cellId)).toEqual([made.cellId]);
    expect(read.notes).toEqual([expect.stringContaining('cnn-33 trial 1')]);

    for (const dataset of ['../../elsewhere', '', 'a/b', 'x'.repeat(1000), '.hidden']) {
      const [row] = attackedRun(made).cells;
      await writeFile(
        path.join(run, 'attacks.json'),
        JSON.stringify({ ...attackedRun(made), cells: [{ ...row, dataset }] }),
      );
      const { attacks, notes, records } = await readRun(run);
      expect([attacks, records.length]).toEqual([null, 1]);
      expect(notes).toEqual([expect.stringMatching(/^attacks.json can’t be used: cells.0.dataset/)]);
    }
    // A new file keeps the damaged one beside it.
    await writeAttackedRun(run, attackedRun(made));
    expect(await readdir(run)).toContain('attacks.damaged.json');
  });
});

describe('the results in the repository', () => {
  it('are all read, without a digest or with one', async () => {
    const results = path.resolve(import.meta.dirname, '../../../results');
    const { records, damaged, notes, attacks } = await readRun(results);
    expect(damaged).toEqual([]);
    expect(notes).toEqual([]);
    expect(records.length).toBeGreaterThan(0);
    expect(attacks!.cells.length).toBeGreaterThan(0);
  });
});
