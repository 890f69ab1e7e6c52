import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { RunRecord } from '@weightmap/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VerifiedClaim } from '../src/claims/index.js';
import { writeRecord } from '../src/records/index.js';
import { paperLikeGrid } from './make-grid.js';
import { makeRecord } from './make-record.js';

const cli = path.resolve(import.meta.dirname, '../dist/cli.js');
const run = promisify(execFile);

/** The built command, as a user would run it; its exit code beside what it wrote. */
const verify = (...args: string[]) =>
  run(process.execPath, [cli, 'verify', ...args], {
    env: { ...process.env, NO_COLOR: '1' },
    maxBuffer: 2 ** 24,
  }).then(
    (output) => ({ ...output, code: 0 }),
    ({ stdout, stderr, code }: { stdout: string; stderr: string; code: number }) => ({
      stdout,
      stderr,
      code,
    }),
  );

let work: string;
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-verify-'));
});
afterAll(() => rm(work, { recursive: true }));

/** A run folder with these records. */
async function runOf(name: string, records: readonly RunRecord[]): Promise<string> {
  const folder = path.join(work, name);
  await mkdir(path.join(folder, 'cells'), { recursive: true });
  for (const record of records) await writeRecord(folder, record);
  return folder;
}

interface Printed {
  records: number;
  damaged: { file: string }[];
  claims: VerifiedClaim[];
  fill: { of: string; command: string } | null;
}

describe('weightmap verify', () => {
  it('finds every claim supported where all is as the paper says', async () => {
    const { code, stdout } = await verify(await runOf('paper', paperLikeGrid(3)));
    expect(code).toBe(0);
    expect(stdout).toContain('93 records');
    expect(stdout).toContain('of 12 claims 12 supported, 0 contradicted and 0 undecided');
    expect(stdout.match(/^C\d+ +supported +3 /gm)).toHaveLength(12);
    expect(stdout).not.toContain('lack');
  });

  it('decides nothing by one trial, and says what is missing and how to get it', async () => {
    const folder = await runOf('one', [
      makeRecord({ variant: 'cnn-33', training: { epochs: 3 } }),
      makeRecord({ variant: 'cnn-smooth-32', training: { epochs: 3 }, testErrorPercent: 0.5 }),
    ]);
    const { code, stdout } = await verify(folder);
    expect(code, 'a verdict is no failure').toBe(0);
    expect(stdout).toContain('0 supported, 0 contradicted and 12 undecided');
    expect(stdout).toMatch(/^C1 +undecided +0–1 .*−0\.35$/m);
    expect(stdout).toContain('(at 3 epochs)');
    expect(stdout).toMatch(
      /1\s+rests\s+on\s+one\s+trial\s+\(1\s+so\s+far\s+as\s+claimed\),\s+2\s+have\s+no\s+results/,
    );
    expect(stdout).toMatch(/^MNIST +cnn-unsharp-32 +0 of 2 +no record +C1, C4, C7, C10 and C12$/m);
    expect(stdout).toMatch(/^MNIST +cnn-33 +1 of 2 +one trial /m);
  });

  it('names the one command that makes the missing cells', async () => {
    const { stdout } = await verify(await runOf('none', []));
    expect(stdout).toMatch(/^ {2}weightmap run paper --select \S+ --out \S+none$/m);
  });

  it('contradicts with the interval, and shows every comparison with --all', async () => {
    const folder = await runOf(
      'contradicted',
      [1, 2, 3].flatMap((trial) => [
        makeRecord({ variant: 'cnn-33', trial, testErrorPercent: 1 + 0.01 * trial }),
        makeRecord({ variant: 'cnn-wide', trial, testErrorPercent: 0.5 + 0.02 * trial }),
      ]),
    );
    // Differences −0.49, −0.48, −0.47: mean −0.48, deviation 0.01, ± 4.3027 · 0.01/√3 = 0.02484.
    const { code, stdout } = await verify(folder);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^C1 +contradicted +0–3 +0 +1 +2 +−0\.48 \[−0\.50, −0\.46\]$/m);
    const all = await verify(folder, '--all');
    expect(all.stdout).toMatch(
      /disagrees +n 3 +−0\.48 \[−0\.50, −0\.46\] +above 0 +CNN, conv wide − CNN, conv 33: test error on MNIST/,
    );
  });

  it('is an object for programs with --json, damaged records named', async () => {
    const folder = await runOf('json', [makeRecord()]);
    const broken = path.join(folder, 'cells/mnist/cnn-wide/trial-1/record.json');
    await mkdir(path.dirname(broken), { recursive: true });
    await writeFile(broken, '{"half');
    const { code, stdout } = await verify(folder, '--json');
    expect(code).toBe(0);
    const printed = JSON.parse(stdout) as Printed;
    expect(printed).toMatchObject({
      records: 1,
      damaged: [{ file: 'cells/mnist/cnn-wide/trial-1/record.json' }],
    });
    expect(printed.fill, 'no preset has these strengths').toBeNull();
    expect(printed.claims.map(({ id }) => id)).toHaveLength(12);
    for (const { verdict, evidence, reason, needs, missing } of printed.claims) {
      expect(verdict).toBe('undecided');
      expect(reason).not.toBe('');
      expect(missing.length).toBe(needs.length);
      for (const { low, high, n } of evidence) expect([low, high, n <= 1]).toEqual([null, null, true]);
    }
  });

  it.each([
    ['no such folder', 'nowhere'],
    ['a folder that is no run', '.'],
  ])('%s: a complaint without a stack', async (_, name) => {
    const { code, stderr } = await verify(path.join(work, name));
    expect(code).toBe(1);
    expect(stderr).toContain('There is no run in');
    expect(stderr).toContain('weightmap run');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('no folder at all: wrong usage', async () => {
    const { code, stderr } = await verify();
    expect(code).toBe(2);
    expect(stderr).toContain("missing required argument 'run'");
  });

  it('lets no text of a record steer the terminal', async () => {
    const folder = await runOf('evil', [makeRecord({ data: { label: 'evil (\u001b[2J)' } })]);
    const { stdout } = await verify(folder);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('(on evil ( [2J))');
  });
});
