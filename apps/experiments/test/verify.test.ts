import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeRecord, type RunRecord } from '@weightmap/records';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VerifiedClaim } from '@weightmap/report';
import { presets } from '../src/plan/presets.js';
import { makeRecord } from '@weightmap/test-utils/records';
import { here, weightmap } from './_command.js';
import { paperLikeGrid } from './_grid.js';

let work: string;
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-verify-'));
});
afterAll(() => rm(work, { recursive: true }));

const verify = (...args: string[]) => here('verify', ...args);
/** As a user would run it. */
const asProcess = (...args: string[]) => weightmap(['verify', ...args], { work });

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
  fill: { command: string } | null;
}

describe('weightmap verify', () => {
  it('finds every claim supported where everything is as the paper says', async () => {
    const { code, stdout } = await verify(await runOf('paper', paperLikeGrid(25)));
    expect(code).toBe(0);
    expect(stdout).toContain('775 records');
    expect(stdout).toContain('of 15 claims 15 supported, 0 contradicted and 0 undecided');
    expect(stdout.match(/^C\d+ +supported +25 /gm)).toHaveLength(15);
    expect(stdout).toMatch(/claim +verdict +n +agrees +disagrees +inconclusive +power +difference/);
    expect(stdout).not.toContain('Missing');
    expect(stdout).not.toContain('weightmap run');
  });

  it('decides nothing by one trial, and says what is missing and how to get it', async () => {
    const folder = await runOf('one', [
      makeRecord({ variant: 'cnn-33', training: { epochs: 30 } }),
      makeRecord({ variant: 'cnn-smooth-32', training: { epochs: 30 }, testErrorPercent: 0.5 }),
    ]);
    const { code, stdout } = await verify(folder);
    expect(code, 'a verdict is no failure').toBe(0);
    expect(stdout).toContain('0 supported, 0 contradicted and 15 undecided');
    expect(stdout).toMatch(/^C1 +undecided +0–1 .*−0\.35$/m);
    expect(stdout).toContain('(at 30 epochs)');
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'undecided (1 trial would decide it in 0 % of cases) (at 30 epochs): 0 of 3 comparisons agree, 0 disagree, 3 are inconclusive: 1 has one trial and so no interval (1 in the direction of the claim), 2 have no results',
    );
    expect(stdout).toMatch(/^MNIST +cnn-unsharp-32 +0 of 3 +no record +C1, C4, C7, C10, C12 and C14$/m);
    expect(stdout).toMatch(/^MNIST +cnn-33 +1 of 3 +1 of 3 trials /m);
  });

  it('names the one command that makes the missing cells, and the power of 3, 5 and 10 trials', async () => {
    const { stdout } = await verify(await runOf('none', []));
    expect(stdout).toMatch(/^ {2}weightmap run paper --select \S+ --out \S+none$/m);
    expect(stdout).toMatch(/^claim +n = 3 +n = 5 +n = 10 +n for 80 % +if true is$/m);
    for (let i = 1; i <= 15; i++)
      expect(stdout).toMatch(
        new RegExp(`^C${i} +(?:[<>] )?\\d+ % +(?:[<>] )?\\d+ % +(?:[<>] )?\\d+ % +\\d+ +\\S`, 'm'),
      );
  });

  it('offers no further trials where the intervals leave claims undecided', async () => {
    const { stdout } = await verify(await runOf('three', paperLikeGrid(3)));
    expect(stdout).toMatch(/^C1 +undecided +3 /m);
    expect(stdout).not.toMatch(/weightmap run|--trials/);
  });

  it.each(['quick', 'smoke'] as const)('judges no records of the %s preset, and says why', async (preset) => {
    const { training, evaluation, limits } = presets[preset];
    const made = (variant: string, trial: number, testErrorPercent: number) =>
      makeRecord({
        variant,
        trial,
        testErrorPercent,
        training,
        evaluation,
        data: { train: limits.train, test: limits.test },
      });
    const folder = await runOf(
      preset,
      [1, 2, 3].flatMap((trial) => [made('cnn-33', trial, 1), made('cnn-wide', trial, 0.5)]),
    );
    const { stdout } = await verify(folder);
    expect(stdout).toContain('0 supported, 0 contradicted and 15 undecided');
    expect(stdout).toMatch(
      /^6 records left out: trained on [\d,]+ of the paper’s 54,000 images, .*: not evidence$/m,
    );
    expect(stdout).toMatch(/^ {2}weightmap run paper --select \S+ --out \S+paper$/m);
  });

  it('contradicts with the interval, and shows every comparison with --all', async () => {
    const folder = await runOf(
      'contradicted',
      [1, 2, 3].flatMap((trial) => [
        makeRecord({ variant: 'cnn-33', trial, testErrorPercent: 1 + 0.01 * trial }),
        makeRecord({ variant: 'cnn-wide', trial, testErrorPercent: 0.5 + 0.02 * trial }),
      ]),
    );
    // Deviations 0.01 and 0.02: √(0.0005/3) = 0.01291, 2.9412 degrees of freedom, ± 3.2209 · 0.01291 = 0.0416.
    const { code, stdout } = await verify(folder);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^C1 +contradicted +0–3 +0 +1 +2 +\S+ \S* *% +−0\.48 \[−0\.52, −0\.44\]$/m);
    const all = await verify(folder, '--all');
    expect(all.stdout).toMatch(
      /disagrees +n 3 +−0\.48 \[−0\.52, −0\.44\] +above 0 +CNN, conv wide − CNN, conv 33: test error on MNIST/,
    );
  });

  it('prints JSON with --json, damaged records named', async () => {
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
    expect(printed.claims.map(({ id }) => id)).toHaveLength(15);
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
    const { code, stderr } = await asProcess();
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
