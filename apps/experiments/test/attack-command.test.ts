import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAttackedRun, type AttackedRun } from '../src/attacked/attacked-run.js';
import { summariseAttacks } from '../src/attacked/summarise-attacks.js';
import { attacks } from '@weightmap/attacks';
import { makeRecord } from './make-record.js';

const cli = path.resolve(import.meta.dirname, '../dist/cli.js');

describe('the summary of attacks', () => {
  const infos = new Map(['fgsm', 'pgd', 'deepfool'].map((id) => [id, attacks[id as 'fgsm']()]));
  const point = (fooled: string) => ({ strength: 0.1, fooled, meanLinf: null, meanL2: null });
  const { cell } = makeRecord();
  const of = (clean: string, ...points: [id: string, fooled: string][]) =>
    summariseAttacks(
      cell,
      {
        images: clean.length,
        ...{ clean, masking: null, pictures: null },
        attacks: points.map(([id, fooled]) => ({ id, points: [point(fooled)] })),
      },
      infos,
    );

  it('takes the worst of all L∞ attacks for each image, and never more than stand clean', () => {
    const summary = of('1000', ['fgsm', '0100'], ['pgd', '0010'], ['deepfool', '1111']);
    expect(summary.cleanAccuracyPercent).toBe(75);
    expect(summary.attacks.map(({ points }) => points[0].accuracyPercent)).toEqual([75, 75, 0]);
    // DeepFool is measured in L2: its ε is another.
    expect(summary.worst).toEqual([{ strength: 0.1, accuracyPercent: 25 }]);
  });
});

describe('weightmap attack', () => {
  let work: string;
  let run: string;
  beforeAll(async () => {
    work = await mkdtemp(path.join(tmpdir(), 'weightmap-attack-'));
    run = path.join(work, 'run');
    const grid = ['--dataset', 'digits', '--select', 'cnn-33', '--epochs', '2'];
    expect(weightmap('run', 'smoke', ...grid, '--out', run).status).toBe(0);
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  function weightmap(...args: string[]) {
    return spawnSync(process.execPath, [cli, ...args], {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1', WEIGHTMAP_DATA: '', XDG_CACHE_HOME: path.join(work, 'cache') },
    });
  }
  const few = ['--images', '40', '--masking', '0'];

  it('attacks trained networks, keeps what was measured, and puts it into the report', () => {
    const first = weightmap(
      'attack',
      run,
      ...few,
      '--attacks',
      'fgsm,pgd',
      '--epsilons',
      '8/255,0.2',
      '--transfer',
    );
    expect(first.status, first.stderr).toBe(0);
    expect(first.stdout).toMatch(/accuracy, % +clean +FGSM 0.2 +PGD 0.2 +worst case/);
    const { cells, transfer } = readAttackedRun(run)!;
    const [{ cleanAccuracyPercent, attacks: made, worst }] = cells;
    expect(made.map(({ id, points }) => [id, points.map(({ strength }) => strength)])).toEqual([
      ['fgsm', [8 / 255, 0.2]],
      ['pgd', [8 / 255, 0.2]],
    ]);
    for (const [i, { accuracyPercent }] of worst.entries()) {
      expect(accuracyPercent).toBeLessThanOrEqual(cleanAccuracyPercent);
      for (const { points } of made) expect(accuracyPercent).toBeLessThanOrEqual(points[i].accuracyPercent);
      expect(made[0].points[i].meanLinf).toBeCloseTo([8 / 255, 0.2][i], 5);
    }
    expect(transfer!.pairs).toEqual([
      { from: 'cnn-33', to: 'cnn-33', accuracyPercent: expect.any(Number) as number },
    ]);
    const html = readFileSync(path.join(run, 'report/index.html'), 'utf8');
    expect(html).toContain('Under attack');
    expect(readFileSync(path.join(run, 'report/tables/attacks.csv'), 'utf8')).toContain(
      'cnn-33,digits,1,pgd,linf,0.2',
    );

    // One strength more: the others are taken from the folder, to the same figures.
    const more = weightmap(
      'attack',
      run,
      ...few,
      '--attacks',
      'fgsm',
      '--epsilons',
      '8/255,0.1,0.2',
      '--json',
    );
    const again = (JSON.parse(more.stdout) as AttackedRun).cells[0].attacks[0].points;
    expect(again.filter(({ strength }) => strength !== 0.1)).toEqual(made[0].points);
    const cached = readFileSync(
      path.join(run, 'cells/digits/cnn-33/trial-1/evaluation/attack-fgsm.json'),
      'utf8',
    );
    expect(
      Object.keys((JSON.parse(cached) as { content: { entries: object } }).content.entries),
    ).toHaveLength(3);
  });

  it('explains what it can’t do', () => {
    const complaint = (...args: string[]) => {
      const { status, stderr } = weightmap('attack', run, ...args);
      expect(status).not.toBe(0);
      expect(stderr).not.toMatch(/^\s+at /m);
      return stderr;
    };
    expect(complaint('--attacks', 'fgms')).toMatch(/no attack "fgms"[\s\S]*"fgsm"/);
    expect(complaint('--epsilons', '0.1,x')).toContain('8/255');
    expect(complaint('--select', 'resnet-*')).toContain('no trained network');
  });
});
