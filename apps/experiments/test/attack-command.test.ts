import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAttackedRun, type AttackedRun } from '../src/attacked/attacked-run.js';
import { summariseAttacks } from '../src/attacked/summarise-attacks.js';
import { attacks } from '@weightmap/attacks';
import { weightmap as inFolder } from './_command.js';
import { makeRecord } from './make-record.js';

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
    expect((await weightmap('run', 'smoke', ...grid, '--out', run)).code).toBe(0);
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  const weightmap = (...args: string[]) => inFolder(args, { work });
  const few = ['--images', '40', '--masking', '0'];

  it('attacks trained networks, keeps what was measured, and puts it into the report', async () => {
    const first = await weightmap(
      'attack',
      run,
      ...few,
      '--attacks',
      'fgsm,pgd',
      '--epsilons',
      '8/255,0.2',
      '--transfer',
      '--corruptions',
    );
    expect(first.code, first.stderr).toBe(0);
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
    const corrupted = readAttackedRun(run)!.corruptions!;
    expect(corrupted.baseline).toBe('cnn-33');
    expect(corrupted.cells.map(({ mce, benchmark }) => [mce, benchmark])).toEqual([[100, 'mnist-c']]);
    expect(corrupted.cells[0].cleanErrorPercent).toBeCloseTo(100 - cleanAccuracyPercent, 10);
    expect(first.stdout).toMatch(/cnn-33 on digits, trial 1 .* 100\.0 +(100\.0|–)\n[\s\S]*results:/);
    const html = readFileSync(path.join(run, 'report/index.html'), 'utf8');
    expect(html).toContain('Error under corruptions');
    expect(readFileSync(path.join(run, 'report/tables/corruptions.csv'), 'utf8')).toContain('shot-noise,5,');
    expect(html).toContain('Under attack');
    expect(readFileSync(path.join(run, 'report/tables/attacks.csv'), 'utf8')).toContain(
      'digits,cnn-33,1,pgd,linf,0.2',
    );

    // A few images as the network sees them, clean and under the stronger of the two at the lower strength.
    const { attack, looks } = cells[0].pictures!;
    expect(['FGSM', 'PGD']).toContain(attack);
    expect(looks.map(({ condition, strength }) => [condition, strength])).toEqual([
      ...Array.from({ length: 4 }, () => ['clean', 0]),
      ...Array.from({ length: 4 }, () => ['attacked', 8 / 255]),
    ]);
    const folder = path.join(run, 'cells/digits/cnn-33/trial-1');
    const picturesOf = (condition: string) =>
      readdirSync(path.join(folder, 'attacked'))
        .filter((file) => file.includes(`-${condition}-`))
        .map((file) => [file, readFileSync(path.join(folder, 'attacked', file), 'base64')]);
    const [clean, attacked] = [picturesOf('clean'), picturesOf('attacked')];
    expect([clean.length, attacked.length]).toEqual([4 * 2, 4 * 3]);
    const view = parseHTML(html).document.querySelector('#attacks')!;
    expect(view.querySelectorAll('figure svg')).toHaveLength(3);
    expect(view.querySelectorAll('.pictures tbody tr')).toHaveLength(4 * 2);
    expect(view.querySelector('.no-picture')).toBeNull();

    // One strength more: the others are taken from the folder, to the same figures.
    const more = await weightmap(
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
    // Drawn again at another strength: the clean ones are the same bytes, from another process.
    expect(picturesOf('clean')).toEqual(clean);
    expect(picturesOf('attacked')).not.toEqual(attacked);
    expect(again.filter(({ strength }) => strength !== 0.1)).toEqual(made[0].points);
    const cached = readFileSync(
      path.join(run, 'cells/digits/cnn-33/trial-1/evaluation/attack-fgsm.json'),
      'utf8',
    );
    expect(
      Object.keys((JSON.parse(cached) as { content: { entries: object } }).content.entries),
    ).toHaveLength(3);
  });

  it('explains what it can’t do', async () => {
    const complaint = async (...args: string[]) => {
      const { code, stderr } = await weightmap('attack', run, ...args);
      expect(code).not.toBe(0);
      expect(stderr).not.toMatch(/^\s+at /m);
      return stderr;
    };
    expect(await complaint('--attacks', 'fgms')).toMatch(/no attack "fgms"[\s\S]*"fgsm"/);
    expect(await complaint('--epsilons', '0.1,x')).toContain('8/255');
    expect(await complaint('--select', 'resnet-*')).toContain('no trained network');
    expect(await complaint('--corruptions', '--baseline', 'cnn-smooth-32')).toContain(
      'cnn-smooth-32 is not trained',
    );
  });
});
