// What file systems and files do to a run: each ends in a clear message or a recovery, and nothing is lost.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RECORD_SCHEMA_VERSION } from '@weightmap/records';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { here, inside } from './_command.js';
import { recordIn, scientific } from './_scientific.js';

const CELL = 'cells/digits/cnn-33/trial-1';
let work: string;
let calm: string;

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-adversity-'));
  calm = path.join(work, 'calm');
  const { code, output } = await weightmap(...smoke(calm));
  expect(code, output).toBe(0);
});
afterAll(() => rm(work, { recursive: true, force: true }));

const weightmap = (...args: string[]) => inside(args, { work });

const smoke = (run: string, ...more: string[]) => [
  'run',
  'smoke',
  '--dataset',
  'digits',
  '--select',
  'cnn-33',
  '--epochs',
  '2',
  '--out',
  run,
  ...more,
];

const result = (run: string) => scientific(recordIn(path.join(run, CELL)));

const mount = (folder: string, options: string) =>
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', folder], { stdio: 'ignore' });
const remount = (folder: string, options: string) =>
  execFileSync('mount', ['-o', `remount,${options}`, folder], { stdio: 'ignore' });
const unmount = (folder: string) => execFileSync('umount', [folder], { stdio: 'ignore' });

/** Mounting takes rights that a container may lack. */
async function canMount(): Promise<boolean> {
  const folder = await mkdtemp(path.join(tmpdir(), 'weightmap-mount-'));
  try {
    mount(folder, 'size=64k');
    unmount(folder);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe.runIf(await canMount())('a small disk', () => {
  it('that is full stops the run with a message, and when it has grown the run goes on to the same record', async () => {
    const disk = path.join(work, 'disk');
    await mkdir(disk);
    mount(disk, 'size=2m'); // a checkpoint alone has 3 MB
    try {
      const full = await weightmap(...smoke(path.join(disk, 'run')));
      expect(full.code, full.output).toBe(1);
      expect(full.output).toContain('The disk is full');
      expect(full.output).not.toMatch(/^\s+at /m);
      expect(existsSync(path.join(disk, 'run', CELL, 'record.json'))).toBe(false);
      remount(disk, 'size=64m');
      const roomy = await weightmap(...smoke(path.join(disk, 'run')));
      expect(roomy.code, roomy.output).toBe(0);
      expect(result(path.join(disk, 'run'))).toEqual(result(calm));
      const left = readdirSync(path.join(disk, 'run'), { recursive: true }).map(String);
      expect(left.filter((file) => /partial|lease|failure/.test(file))).toEqual([]);
    } finally {
      unmount(disk);
    }
  });

  it('that is read-only is said to be so before any work, and can still be looked at', async () => {
    const disk = path.join(work, 'read-only');
    await mkdir(disk);
    mount(disk, 'size=64m');
    try {
      const run = path.join(disk, 'run');
      expect((await weightmap(...smoke(run))).code).toBe(0);
      remount(disk, 'ro');
      const { code, output } = await weightmap(...smoke(run, '--trials', '2'));
      expect(code).toBe(1);
      expect(output).toMatch(/can't be written[\s\S]*read-only/);
      expect((await weightmap('status', run)).output).toContain('1 cell: 1 done');
    } finally {
      unmount(disk);
    }
  });
});

describe('a run folder', () => {
  it('whose cell is a link to elsewhere is not followed out of', async () => {
    const [run, outside] = [path.join(work, 'linked'), path.join(work, 'outside')];
    await mkdir(path.join(run, 'cells/digits'), { recursive: true });
    await mkdir(outside);
    await symlink(outside, path.join(run, 'cells/digits/cnn-33'));
    const { code, output } = await weightmap(...smoke(run));
    expect(code).toBe(1);
    expect(output).toContain('leads out of its folder');
    expect(readdirSync(outside)).toEqual([]);
  });

  it('with a record of an older schema is stale, not mixed in', async () => {
    const run = path.join(work, 'older');
    const file = path.join(run, CELL, 'record.json');
    await mkdir(path.dirname(file), { recursive: true });
    const old = { ...result(calm), schemaVersion: RECORD_SCHEMA_VERSION - 1, cellId: 'b'.repeat(64) };
    await writeFile(file, JSON.stringify(old));
    const { code, output } = await weightmap(...smoke(run));
    expect(code).toBe(1);
    expect(output).toContain('1 stale, 0 valid');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(old);
  });

  it('keeps why a cell failed, shows it, and tries it again when asked', async () => {
    const run = path.join(work, 'failing');
    const first = await weightmap(...smoke(run, '--learning-rate', '1e30'));
    expect(first.code).toBe(1);
    const failure = path.join(run, CELL, 'failure.json');
    expect(JSON.parse(await readFile(failure, 'utf8'))).toMatchObject({ schemaVersion: 1, attempt: 1 });
    const status = await weightmap('status', run);
    expect(status.output).toMatch(/cnn-33 trial 1 +failed +.*(diverged|NaN)/);
    const logs = await weightmap('logs', run, '1');
    expect(logs.output).toContain('worker.log');
    expect(logs.output).toMatch(/step \d+/);

    const again = await weightmap('retry', run);
    expect(again.code).toBe(1);
    expect(JSON.parse(await readFile(failure, 'utf8'))).toMatchObject({ attempt: 2 });
    expect((await weightmap('retry', calm)).output).toContain('no failed or stopped cells');
  });

  it('that is no run, and a cell that is none, are explained', async () => {
    for (const command of [['status'], ['cancel'], ['retry'], ['logs', '1']]) {
      const [name, ...rest] = command;
      const { code, output } = await here(name, path.join(work, 'nowhere'), ...rest);
      expect(code, name).toBe(1);
      expect(output).toContain('There is no run in');
    }
    expect((await here('logs', calm, 'zzz')).output).toContain('no such cell');
    expect((await here('retry', calm, '--cell', 'zzz')).output).toContain('no such cell');
    expect((await weightmap('cancel', calm, '--cell', '1')).output).toContain('is done: nothing to stop');
  });

  it('becomes no Kubernetes job without an image', async () => {
    const bare = await weightmap(...smoke(path.join(work, 'job'), '--launcher', 'kubernetes'));
    expect(bare.code).toBe(1);
    expect(bare.output).toContain('--image');
  });

  it.runIf(!spawnable('sbatch'))('is not submitted where there is no Slurm', async () => {
    const { code, output } = await weightmap(...smoke(path.join(work, 'no slurm'), '--launcher', 'slurm'));
    expect(code).toBe(1);
    expect(output).toMatch(/no command (scontrol|sbatch)[\s\S]*--launcher local/);
  });
});

function spawnable(command: string): boolean {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .some((folder) => existsSync(path.join(folder, command)));
}
