import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { cellPaths, openEventLog, writeFailure, writeRecord } from '@weightmap/records';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeManifest } from '../src/plan/manifest.js';
import { cellStates } from '../src/status/cell-states.js';
import { claimCell } from '../src/cells/claim-cell.js';
import { thisProcess } from '../src/leases/process-identity.js';
import { countStates, secondsLeft, statusTable } from '../src/status/status-table.js';
import { makeRecord } from '@weightmap/test-utils/records';

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'weightmap-states-'));
});
afterEach(() => rm(run, { recursive: true, force: true }));

const records = [1, 2, 3, 4, 5, 6].map((trial) => makeRecord({ trial }));
const [done, running, stopped, failed, stale] = records;

/** Without colours, which CI has. */
const plainTable: typeof statusTable = (...args) => stripVTControlCharacters(statusTable(...args));

/** One cell in each state; the last is never begun. */
async function writeStates(): Promise<void> {
  await writeManifest(run, {
    preset: 'smoke',
    data: { seed: 1 },
    gradCamSamples: 0,
    tensorboard: false,
    cells: records.map(({ cell }) => cell),
  });
  await writeRecord(run, done);
  for (const { cell } of [running, stopped, failed]) {
    const { lease } = await claimCell(run, cell);
    openEventLog(cellPaths(run, cell).events)('started');
    if (cell !== running.cell) await lease!.release();
  }
  await writeFailure(run, failed.cell, new Error('the loss became NaN'), 1);
  await writeRecord(run, { ...makeRecord({ trial: stale.trial, seed: 77 }) });
}

describe('the states of cells', () => {
  it('are read from the files of the run', async () => {
    await writeStates();
    const states = await cellStates(run);
    expect(states.map(({ state }) => state)).toEqual([
      'done',
      'running',
      'stopped',
      'failed',
      'stale',
      'waiting',
    ]);
    expect(states[3].reason).toBe('the loss became NaN');
    expect(states[1].running).toMatchObject({ pid: process.pid, host: thisProcess.host, stage: 'starting' });
    expect(countStates(states)).toEqual({
      done: 1,
      running: 1,
      queued: 0,
      waiting: 1,
      stopped: 1,
      failed: 1,
      stale: 1,
    });
    const table = plainTable(states);
    expect(table).toContain('6 cells: 1 done, 1 running, 1 waiting, 1 stopped, 1 failed, 1 stale');
    expect(table).toMatch(/trial 4 +failed +the loss became NaN/);
    expect(table).not.toMatch(/trial 6/);
    expect(plainTable(states, { all: true })).toMatch(/trial 6 +waiting/);
  });

  it('show what a running cell last said, from a log with a torn line', async () => {
    const began = Date.now();
    await writeStates();
    const { events } = cellPaths(run, running.cell);
    const log = openEventLog(events);
    log('epoch', { validationErrorPercent: 2.5 });
    await writeFile(events, '{"time":"2026', { flag: 'a' });
    openEventLog(events)('progress', {
      stage: 'train',
      done: 3,
      total: 4,
      figures: { epoch: 2, loss: 0.25, imagesPerSecond: 900, secondsLeft: 60 },
    });
    const [, status] = await cellStates(run);
    expect(status.running).toMatchObject({
      stage: 'train',
      share: 0.75,
      epoch: 2,
      loss: 0.25,
      secondsLeft: 60,
    });
    expect(status.running!.validationErrorPercent).toBe(2.5);
    expect(plainTable([status])).toMatch(
      /epoch 2\/\d+ {2}loss 0.250 {2}validation error 2.50 % {2}900 images\/s/,
    );
    // One runs for 60 s more, and one that waits takes as long as that one in all, the time since it began included.
    const estimate = secondsLeft([status, { ...status, state: 'waiting', running: undefined }]);
    expect(estimate).toBeGreaterThanOrEqual(120);
    expect(estimate).toBeLessThanOrEqual(120 + (Date.now() - began) / 1000);
    expect(estimate).toBe(60 + (status.running!.secondsRunning + 60));
  });

  it.each([
    ['loss NaN, which JSON has as null', '{"figures":{"loss":null,"epoch":2}}', 'epoch 2/300  loss –'],
    [
      'a number that is none',
      '{"figures":{"loss":"low","epoch":1e999,"imagesPerSecond":-1}}',
      'epoch –/300  loss –  – images/s',
    ],
    ['no total', '{"total":0}', 'epoch'],
    ['a share that is none', '{"stage":"evaluate","done":null}', 'evaluate – %'],
    ['more than all', '{"stage":"evaluate","done":9,"total":4}', 'evaluate 100 %'],
    ['a stage with a line end and an escape', '{"stage":"a\\nb\\u001b[2J"}', 'a b [2J 75 %'],
    ['a stage that is none', '{"stage":{}}', 'starting 75 %'],
    ['figures that are none', '{"figures":[null]}', 'train 75 %'],
    ['a time left that never ends', '{"figures":{"epoch":1,"secondsLeft":1e999}}', '– left'],
  ])('show a dash for %s', async (_, fields, shown) => {
    await writeStates();
    const { events } = cellPaths(run, running.cell);
    const progress = { stage: 'train', done: 3, total: 4, figures: { epoch: null } };
    const time = '2026-11-29T12:00:00.000Z';
    // JSON.stringify can't write 1e999.
    const odd = JSON.parse(fields.replaceAll('1e999', '"big"')) as object;
    const line = JSON.stringify({ ...progress, ...odd, time, event: 'progress' }).replaceAll(
      '"big"',
      '1e999',
    );
    await writeFile(events, `${line}\n`, { flag: 'a' });
    const states = await cellStates(run);
    const table = plainTable(states);
    expect(table).toContain(shown);
    expect(table.split('\n')[2]).not.toMatch(/NaN|Infinity|undefined|null/);
    expect(table.split('\n')).toHaveLength(6);
    expect(secondsLeft(states)).toBeNull();
  });

  it('skip odd lines of a log, and count them', async () => {
    await writeStates();
    const { events } = cellPaths(run, running.cell);
    const odd = [
      ...['NaN', '[]', 'null', '{"event":"progress"}', '{"time":5,"event":"epoch"}', '{"a":'],
      '{"time":"2026-11-29T12:00:00Z","event":"launch"}',
    ];
    await writeFile(events, `${odd.join('\n')}\n{"time":"20`, { flag: 'a' });
    const [, status] = await cellStates(run);
    expect(status.running).toMatchObject({ stage: 'starting', oddLines: odd.length });
    expect(plainTable([status])).toContain('7 odd lines in events.jsonl skipped');
  });

  it('call a record that was cut short not done, and say why', async () => {
    await writeStates();
    const { record } = cellPaths(run, done.cell);
    await writeFile(record, JSON.stringify(done, null, 2).slice(0, 900));
    const [state] = await cellStates(run);
    expect(state).toMatchObject({ state: 'stopped', reason: expect.stringContaining('not JSON') as string });
    expect(plainTable([state])).toMatch(/trial 1 +stopped +the record can't be used, and is made again/);
  });

  it('are not those of a folder that is no run', async () => {
    await mkdir(join(run, 'cells'));
    await expect(cellStates(run)).rejects.toThrow('There is no run in');
  });
});
