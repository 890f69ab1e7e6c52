import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  cellId,
  cellPaths,
  readAttackedRun,
  writeRecord,
  type AttackedRun,
  type Manifest,
} from '@weightmap/records';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeManifest } from '../src/plan/manifest.js';
import { chooseAttacks, parseAttacks } from '../src/attack/choice.js';
import { partsOf } from '../src/attack/parts.js';
import type { PlannedAttack } from '../src/attack/plan.js';
import { planAttacks, type AttackPlanOptions } from '../src/attack/plan-campaign.js';
import { summariseAttacks } from '../src/attack/summary.js';
import { attacks } from '@weightmap/attacks';
import { childrenOf, inside, start } from './_command.js';
import { makeRecord } from '@weightmap/test-utils/records';

describe('the summary of attacks', () => {
  const planned = (id: 'fgsm' | 'pgd' | 'deepfool', strengths: number[]): PlannedAttack => {
    const { label, kind, norm, source, strengthUnit: strength } = attacks[id]();
    return {
      id,
      label,
      kind,
      norm,
      source,
      strength,
      strengths,
    };
  };
  const { cell } = makeRecord();
  const of = (
    clean: string,
    ...points: [id: 'fgsm' | 'pgd' | 'deepfool', fooled: Record<number, string>][]
  ) =>
    summariseAttacks(cell, {
      clean,
      classes: 10,
      masking: null,
      pictures: null,
      attacks: points.map(([id, fooled]) => ({
        attack: planned(id, Object.keys(fooled).map(Number)),
        points: Object.entries(fooled).map(([strength, flags]) => ({
          strength: Number(strength),
          fooled: flags,
          meanLinf: null,
          meanL2: null,
        })),
      })),
    });

  it('takes the worst of all attacks of a norm and strength for each image, and never more than without an attack', () => {
    const summary = of(
      '1000',
      ['fgsm', { 0.1: '0100', 0.2: '0111' }],
      ['pgd', { 0.1: '0010' }],
      ['deepfool', { 0.1: '1101' }],
    );
    expect(summary.images).toBe(4);
    expect(summary.cleanAccuracyPercent).toBe(75);
    expect(summary.attacks.map(({ points }) => points[0].accuracyPercent)).toEqual([75, 75, 25]);
    // DeepFool is measured in L2: its ε is another.
    expect(summary.worst).toEqual([
      { norm: 'linf', strength: 0.1, accuracyPercent: 25 },
      { norm: 'linf', strength: 0.2, accuracyPercent: 0 },
      { norm: 'l2', strength: 0.1, accuracyPercent: 25 },
    ]);
  });

  it('has no worst case of a norm of which an attack failed', () => {
    const attack = planned('fgsm', [0.1]);
    const point = { strength: 0.1, fooled: '01', meanLinf: null, meanL2: null };
    const summary = summariseAttacks(cell, {
      clean: '00',
      classes: 10,
      attacks: [{ attack, points: [point] }],
      masking: null,
      pictures: null,

      withoutWorst: ['linf'],
      failed: ['cnn-33 trial 1: PGD, images 1–2'],
    });
    expect(summary.worst).toEqual([]);
    expect(summary.failed).toEqual(['cnn-33 trial 1: PGD, images 1–2']);
  });
});

describe('the plan of attacks', () => {
  let run: string;
  beforeAll(async () => {
    run = await mkdtemp(path.join(tmpdir(), 'weightmap-plan-'));
  });
  afterAll(() => rm(run, { recursive: true, force: true }));

  /** A finished cell, and files in the place of its weights. */
  async function finished(dataset: string): Promise<Manifest> {
    const made = makeRecord({ variant: 'cnn-33' });
    const cell = { ...made.cell, dataset: { ...made.cell.dataset, id: dataset, label: dataset } };
    await writeRecord(run, { ...made, cell, cellId: cellId(cell), dataset });
    const { weights } = cellPaths(run, cell);
    await mkdir(weights, { recursive: true });
    await writeFile(path.join(weights, 'weights.bin'), dataset);
    return writeManifest(run, {
      preset: 'smoke',
      data: { seed: 7 },
      gradCamSamples: 0,
      tensorboard: false,
      cells: [cell],
    });
  }
  async function plan(manifest: Manifest, ids: string, options: Partial<AttackPlanOptions> = {}) {
    const notes: string[] = [];
    const planned = await planAttacks(run, manifest, {
      chosen: chooseAttacks(parseAttacks(ids), attacks),
      isDefault: false,
      select: ['*'],
      images: 250,

      maskingImages: 100,
      transfer: false,
      baseline: null,
      engine: 'native',
      onNote: (note) => notes.push(note),
      ...options,
    });
    return { planned, notes };
  }

  it('cuts the images into parts, and has the strengths of each norm', async () => {
    const manifest = await finished('mnist');
    const { planned } = await plan(manifest, 'fgsm,apgd-ce,apgd-ce-l2', { epsilons: [0.2, 0.1] });
    expect(planned.subset).toEqual({ images: 250, seed: 7 });
    const { attacks: made, epsilons, pictured } = planned.datasets.mnist;
    expect(made.map(({ strengths }) => strengths)).toEqual([
      [0.1, 0.2],
      [0.1, 0.2],
      [0.5, 1, 1.5, 2],
    ]);
    expect([epsilons, pictured]).toEqual([[0.1, 0.2], 0.1]);
    const names = partsOf(run, planned, manifest).map(({ name }) => name.replace('cnn-33 trial 1: ', ''));
    expect(names.slice(0, 5)).toEqual([
      'without an attack',
      'FGSM, images 1–250',
      ...['1–100', '101–200', '201–250'].map((images) => `APGD CE, images ${images}`),
    ]);
    expect(names.slice(-3)).toEqual(['signs of masking, ε = 0.1', 'signs of masking, ε = 0.2', 'pictures']);
  });

  it('leaves out what two classes are too few for, and refuses it where it was asked for', async () => {
    const manifest = await finished('iwildcam-2class');
    const { planned, notes } = await plan(manifest, 'fgsm,apgd-dlr', {
      isDefault: true,
      select: ['*'],
    });
    expect(planned.datasets['iwildcam-2class'].attacks.map(({ id }) => id)).toEqual(['fgsm']);
    expect(notes).toEqual(['left out: apgd-dlr needs at least 3 classes; iwildcam-2class has 2']);
    // The run has MNIST, too.
    expect(planned.datasets.mnist.attacks.map(({ id }) => id)).toEqual(['fgsm', 'apgd-dlr']);
    const alone = { ...manifest, cells: manifest.cells.filter(({ dataset }) => dataset.id !== 'mnist') };
    await expect(plan(alone, 'fgsm,apgd-dlr')).rejects.toThrow('An attack needs more classes');
  });

  it('is refused where weights are missing', async () => {
    const manifest = await finished('mnist');
    await rm(
      cellPaths(
        run,
        manifest.cells.find(({ dataset }) => dataset.id === 'mnist')!,
      ).weights,
      {
        recursive: true,
      },
    );
    await expect(plan(manifest, 'fgsm')).rejects.toThrow('The weights of cnn-33 trial 1 are missing.');
  });
});

describe('weightmap attack', () => {
  let work: string;
  let run: string;
  beforeAll(async () => {
    work = await mkdtemp(path.join(tmpdir(), 'weightmap-attack-'));
    run = path.join(work, 'run');
    const grid = ['--dataset', 'digits', '--select', 'cnn-33,cnn-smooth-32', '--epochs', '2'];
    expect((await weightmap('run', 'smoke', ...grid, '--out', run)).code).toBe(0);
    cpSync(run, path.join(work, 'trained'), { recursive: true });
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  const weightmap = (...args: string[]) => inside(args, { work });
  /** The trained networks in a folder of their own. */
  const copyOf = (name: string): string => {
    const folder = path.join(work, name);
    cpSync(path.join(work, 'trained'), folder, { recursive: true });
    return folder;
  };
  const few = ['--images', '20', '--masking', '0'];

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
      ...['--select', 'cnn-33'],
    );
    expect(first.code, first.stderr).toBe(0);
    const { cells, transfer } = (await readAttackedRun(run))!;
    const [{ cleanAccuracyPercent, attacks: made, worst }] = cells;
    const shown = worst[1].accuracyPercent >= 5 ? 'L∞ ε 0.2' : 'L∞ ε 8/255';
    const heads = first.stdout.split('\n').find((line) => line.startsWith('accuracy, %'))!;
    expect(heads.trim().split(/ {2,}/)).toEqual([
      'accuracy, %',
      'clean',
      `FGSM, ${shown}`,
      `PGD, ${shown}`,
      `worst case, ${shown}`,
      'masking',
    ]);
    expect(made.map(({ id, points }) => [id, points.map(({ strength }) => strength)])).toEqual([
      ['fgsm', [8 / 255, 0.2]],
      ['pgd', [8 / 255, 0.2]],
    ]);
    for (const [i, { accuracyPercent }] of worst.entries()) {
      expect(accuracyPercent).toBeLessThanOrEqual(cleanAccuracyPercent);
      for (const { points } of made) expect(accuracyPercent).toBeLessThanOrEqual(points[i].accuracyPercent);
      expect(made[0].points[i].meanLinf).toBeCloseTo([8 / 255, 0.2][i], 5);
    }
    expect(transfer!.map(({ epsilon, pairs }) => [epsilon, pairs])).toEqual(
      [8 / 255, 0.2].map((epsilon) => [
        epsilon,
        [{ from: 'cnn-33', to: 'cnn-33', accuracyPercent: expect.any(Number) as number }],
      ]),
    );
    const corrupted = (await readAttackedRun(run))!.corruptions!;
    expect(corrupted.baseline).toBe('cnn-33');
    expect(corrupted.cells.map(({ mce, benchmark }) => [mce, benchmark])).toEqual([[100, 'mnist-c']]);
    expect(corrupted.cells[0].cleanErrorPercent).toBeCloseTo(100 - cleanAccuracyPercent, 10);
    expect(first.stdout).toMatch(/cnn-33 trial 1 .* 100\.0 +(100\.0|–)\n[\s\S]*results:/);
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
      ...['--select', 'cnn-33'],
      '--json',
    );
    const again = (JSON.parse(more.stdout) as AttackedRun).cells[0].attacks[0].points;
    // Drawn again at another strength: the clean ones are the same bytes.
    expect(picturesOf('clean')).toEqual(clean);
    expect(picturesOf('attacked')).not.toEqual(attacked);
    expect(again.filter(({ strength }) => strength !== 0.1)).toEqual(made[0].points);
    // Of the part there is one folder, with all three strengths.
    const parts = readdirSync(path.join(folder, 'attacks')).filter((name) => name.startsWith('fgsm-'));
    expect(parts).toHaveLength(1);
    const cached = readFileSync(path.join(folder, 'attacks', parts[0], 'result.json'), 'utf8');
    expect(
      Object.keys((JSON.parse(cached) as { content: { entries: object } }).content.entries),
    ).toHaveLength(3);
    expect(again.filter(({ strength }) => strength !== 0.1)).toEqual(made[0].points);

    expect((await weightmap('status', run)).stdout).toMatch(/attacks: \d+ parts: \d+ done\n/);
  });

  it('says what would be done, and how long it would take', async () => {
    const fresh = copyOf('planned');
    const { code, stdout } = await weightmap('attack', fresh, ...few, '--attacks', 'fgsm,pgd', '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /network +work +parts +done +at most\ncnn-33 trial 1 +without an attack +1 +0 +\d[\d.]* (s|min)/,
    );
    expect(stdout).toMatch(/cnn-smooth-32 trial 1 +PGD, 4 strengths +1 +0/);
    expect(stdout).toMatch(/8 parts; at most \d.* in one process, .* with \d+ at a time/);
    expect(readdirSync(fresh)).not.toContain('attacks');
  });

  // Many small parts: each disturbance comes long before the last one, however busy the machine is.
  const manyParts = [
    '--attacks',
    'fgsm,bim,mi-fgsm,pgd,apgd-ce,pgd-l2',
    '--epsilons',
    '0.05,0.1',
    '--workers',
    '2',
  ];
  const eventsOf = (folder: string) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /attacks\/[^/]+\/events\.jsonl$/.test(name))
      .map((name) => readFileSync(path.join(folder, name), 'utf8'));

  describe.runIf(process.platform === 'linux')('as work of several processes', () => {
    it('comes to the same bytes after its launcher, a worker and the terminal have ended it', async () => {
      const [calm, stormy] = ['calm', 'stormy ü "run"'].map(copyOf);
      const args = (folder: string) => ['attack', folder, '--images', '6', '--masking', '0', ...manyParts];
      // In this process, one part after another.
      expect((await weightmap(...args(calm))).code).toBe(0);

      // The launcher, when the first part is done.
      let hit = false;
      await start(args(stormy), {
        work,
        until(output, stop) {
          if (hit || !output.includes('✓')) return;
          hit = true;
          stop('SIGKILL');
        },
      }).closed;
      expect(readdirSync(stormy)).not.toContain('attacks.json');

      // Ctrl-C, when the next is done.
      const stopped = await start(args(stormy), {
        work,
        until(output, stop) {
          if (hit && output.includes('✓')) {
            hit = false;
            stop('SIGINT');
          }
        },
      }).closed;
      expect(stopped.code, stopped.output).toBe(75);
      expect(stopped.stdout).toContain('stopped; the same command continues from what is stored');
      expect(readdirSync(stormy)).not.toContain('attacks.json');

      // A worker, as soon as there is one at work.
      hit = false;
      const last = await start(args(stormy), {
        work,
        until(output, _stop, pid) {
          const [child] = childrenOf(pid);
          if (hit || !output.includes('✓') || !child) return;
          hit = true;
          process.kill(child, 'SIGKILL');
        },
      }).closed;
      expect(last.code, last.output).toBe(0);
      expect(last.stdout).toContain('starting another');
      expect(last.stdout).toMatch(/\d+ parts, [1-9]\d* already done/);

      const bytes = (folder: string) => readFileSync(path.join(folder, 'attacks.json'), 'utf8');
      expect(bytes(stormy)).toBe(bytes(calm));
      for (const folder of [calm, stormy])
        for (const events of eventsOf(folder)) expect(events.match(/"event":"done"/g)).toHaveLength(1);
      const left = readdirSync(stormy, { recursive: true, encoding: 'utf8' });
      expect(left.filter((name) => /partial|lease-|submissions\/|turns/.test(name))).toEqual([]);

      // The pictures, too: each was drawn by another process.
      const pictures = (folder: string) =>
        readdirSync(folder, { recursive: true, encoding: 'utf8' })
          .filter((file) => /\/attacked\/.*\.png$/.test(file))
          .map((file) => [file, readFileSync(path.join(folder, file), 'base64')]);
      expect(pictures(calm).length).toBeGreaterThan(0);
      expect(pictures(stormy)).toEqual(pictures(calm));

      // Nothing is left to be done.
      const again = await weightmap(...args(stormy));
      expect(again.stdout).toMatch(/(\d+) parts, \1 already done/);
      expect(bytes(stormy)).toBe(bytes(calm));
    });
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
    expect(await complaint('--attacks', 'fgsm,0.1')).toContain('pgd-l2:0.5,1,2');
    expect(await complaint('--select', 'resnet-*')).toContain('no trained network');
    expect(await complaint('--corruptions', '--baseline', 'cnn-unsharp-32')).toContain(
      'cnn-unsharp-32 is not trained',
    );
  });
});
