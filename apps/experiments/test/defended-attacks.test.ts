// Defended networks under attack: planned with the attacks that know them, scored static beside adaptive, and with their rejections.
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { attacks, autoAttack, createAttack, fgsm, selectivePgd } from '@weightmap/attacks';
import { imageSet, type Attack, type Classifier, type WeightmapError } from '@weightmap/core';
import { defenses } from '@weightmap/defenses';
import {
  cellId,
  cellPaths,
  defendedVariant,
  readAttackedRun,
  writeRecord,
  type CellConfig,
  type CellDefense,
  type Manifest,
  type RunRecord,
} from '@weightmap/records';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { makeRecord } from '@weightmap/test-utils/records';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseAttacks, parseAttackImages, parseAttacks } from '../src/attack/choice.js';
import { defendedSummary } from '../src/attack/defended-summary.js';
import { attackImages } from '../src/attack/network.js';
import { joinSlices, type AttackedPoint } from '../src/attack/part-results.js';
import { partsOf } from '../src/attack/parts.js';
import { planAttacks } from '../src/attack/plan-campaign.js';
import type { PlannedAttack } from '../src/attack/plan.js';
import { cleanScores, FALSE_POSITIVES, scorer, suspicionOf } from '../src/attack/rejection.js';
import { madeAgainst } from '../src/attack/static-attack.js';
import { summariseAttacks } from '../src/attack/summary.js';
import { findShowcase } from '../src/explorer/showcase.js';
import { trainingGradients } from '../src/plan/training-gradients.js';
import { writeManifest } from '../src/plan/manifest.js';
import { here, inside } from './_command.js';

useEngine();

const { signal } = new AbortController();
const ALL = { from: 0, to: 12, seed: 3, signal };

/** Of 4 × 4 pixels; class 1 where the image is bright. */
const spec = { height: 4, width: 4, channels: 1, classes: ['dark', 'bright', 'striped'] };
/** Gray images of class 0. */
const gray = imageSet(
  spec,
  Uint8Array.from({ length: 12 * 16 }, (_, i) => 127 + (i % 2)),
  new Uint8Array(12),
);
const network: Classifier = {
  classes: 3,
  inputShape: [4, 4, 1],
  bounds: [0, 1],
  logits: (images) =>
    tf.tidy(() => {
      const bright = images.sub(0.5).sum<tf.Tensor1D>([1, 2, 3]).sub(0.5);
      return tf.stack([bright.mul(0), bright.mul(8), bright.mul(0).sub(9)], 1) as tf.Tensor2D;
    }),
};
/** It looks at the upper half alone, for pixels that aren't gray: an attacker who knows that changes the lower half. */
const suspicion = (images: tf.Tensor4D) =>
  tf.tidy(() => images.slice([0, 0, 0, 0], [-1, 2, -1, -1]).sub(0.5).abs().max<tf.Tensor1D>([1, 2, 3]));
const THRESHOLD = 0.02;
const rejection = { suspicion, threshold: THRESHOLD };
const defended: Classifier = {
  ...network,
  classes: 4,
  answers: 3,
  logits: (images) =>
    tf.tidy(() => {
      const logits = network.logits(images);
      const over = suspicion(images).sub(THRESHOLD).mul(50);
      return tf.concat2d([logits, logits.max(1).add(over).expandDims<tf.Tensor2D>(1)], 1);
    }),
};
const score = scorer(defended, suspicion);
const pointsOf = async (attack: Attack): Promise<AttackedPoint[]> =>
  (await attackImages(defended, gray, attack, [0.1], { ...ALL, score })).map((one) => joinSlices([one]));
const planned = (id: string): PlannedAttack => {
  const { label, kind, norm, source, strengthUnit: strength } = createAttack(id as keyof typeof attacks);
  return { id, label, kind, norm, source, strength, strengths: [0.1] };
};

describe('a detector that looks at half of an image', () => {
  it('rejects what is made without knowing it, and accepts what is made against it', () =>
    expectNoLeak(async () => {
      const [unknowing] = await pointsOf(madeAgainst(network, fgsm()));
      expect(unknowing.fooled).toBe('0'.repeat(12));
      expect(unknowing.wrong!.every((one) => one !== null && one > THRESHOLD)).toBe(true);
      const [knowing] = await pointsOf(selectivePgd());
      expect(knowing.fooled).toBe('1'.repeat(12));
      expect(knowing.wrong!.every((one) => one !== null && one <= THRESHOLD)).toBe(true);
      // Each of the attacks in turns is scored as the others are: the least suspicious wrong image of all of them.
      const [turns] = await pointsOf(autoAttack({ attacks: [fgsm(), selectivePgd()] }));
      expect([turns.fooled, turns.wrong!.every((one) => one! <= THRESHOLD)]).toEqual(['1'.repeat(12), true]);
    }));

  it('is scored static beside adaptive, by thresholds of clean images', async () => {
    const clean = cleanScores(defended, suspicionOf(defended, rejection)!, {
      ...{ validation: gray, test: gray, score },
    });
    expect(clean.validationImages).toBe(12);
    expect(clean.wrong).toEqual(new Array(12).fill(null));
    const cell = cellWith('feature-squeezing');
    const summary = defendedSummary({
      clean: '0'.repeat(12),
      classes: 3,
      attacks: [{ attack: planned('selective-pgd'), points: await pointsOf(selectivePgd()) }],
      masking: null,
      pictures: null,
      static: { id: 'fgsm', label: 'FGSM', points: await pointsOf(madeAgainst(network, fgsm())) },
      rejection: clean,
      cost: trainingGradients(cell),
      withstands: ['selective-pgd', 'orthogonal-pgd', 'apgd-margin'],
    });
    expect(summary.static).toEqual({
      ...{ attack: 'fgsm', label: 'FGSM' },
      points: [{ strength: 0.1, accuracyPercent: 100 }],
    });
    expect(summary.adaptive).toEqual([
      { attack: 'selective-pgd', ran: true },
      { attack: 'orthogonal-pgd', ran: false },
      { attack: 'apgd-margin', ran: false },
    ]);
    const { clean: rows, attacked } = summary.rejection!;
    expect(rows.map((row) => row.falsePositivePercent)).toEqual([1, 2, 5, 10, 20, 50]);
    // All clean images are alike: no threshold rejects one, and all are right.
    expect(rows.every((row) => row.rejectedPercent === 0 && row.accuracyPercent === 100)).toBe(true);
    const [unknowing, knowing] = attacked;
    expect([unknowing.by, unknowing.strength, unknowing.auc, unknowing.wrongImages]).toEqual([
      'static',
      0.1,
      1,
      12,
    ]);
    for (const { successPercent, detectedPercent } of unknowing.points)
      expect([successPercent, detectedPercent]).toEqual([0, 100]);
    expect(knowing.by).toBe('adaptive');
    expect(knowing.auc).toBeLessThan(unknowing.auc!);
    expect(summary.trainingGradients).toBe(cell.training.epochs * cell.dataset.train);
  });

  it('has the class that abstains as its suspicion where there is no threshold', () => {
    tf.tidy(() => {
      const images = tf.fill([2, 4, 4, 1], 0.5).add<tf.Tensor4D>(tf.tensor4d([0, 0.1], [2, 1, 1, 1]));
      const values = [...suspicionOf(defended, undefined)!(images).dataSync()];
      // The class's logit less the largest answer's: 50 (s − t).
      expect(values).toBeAllclose([50 * (0 - THRESHOLD), 50 * (0.1 - THRESHOLD)], 1e-4);
    });
    expect(suspicionOf(network, undefined)).toBeNull();
    expect(FALSE_POSITIVES).toContain(0.05);
  });

  it('is scored over the images that all attacks have', async () => {
    const {
      wrong,
      suspicion: clean,
      ...scores
    } = cleanScores(defended, suspicion, {
      ...{ validation: gray, test: gray, score },
    });
    const [all] = await pointsOf(selectivePgd());
    const few = { ...all, fooled: all.fooled.slice(0, 5), wrong: all.wrong!.slice(0, 5) };
    const summary = summariseAttacks(cellWith('feature-squeezing'), {
      ...{ clean: '0'.repeat(12), classes: 3, masking: null, pictures: null },
      attacks: [
        { attack: planned('selective-pgd'), points: [few] },
        { attack: planned('fgsm'), points: [{ ...all, fooled: '0'.repeat(12), wrong }] },
        {
          attack: planned('auto-attack'),
          points: [{ ...all, fooled: '0'.repeat(11), wrong: wrong.slice(0, 11) }],
        },
      ],
      rejection: { ...scores, wrong, suspicion: clean },
      withstands: ['selective-pgd', 'square', 'orthogonal-pgd'],
    });
    expect(
      summary.attacks.map(({ points: [{ images, accuracyPercent }] }) => [images, accuracyPercent]),
    ).toEqual([
      [5, 0],
      [undefined, 100],
      [11, 100],
    ]);
    expect(summary.worst).toEqual([{ norm: 'linf', strength: 0.1, accuracyPercent: 0, images: 5 }]);
    const [adaptive] = summary.rejection!.attacked;
    expect([adaptive.by, adaptive.images, adaptive.wrongImages]).toEqual(['adaptive', 5, 5]);
    expect(adaptive.points.map(({ successPercent }) => successPercent)).toEqual(new Array(6).fill(100));
    // Square is in AutoAttack.
    expect(summary.adaptive!.filter(({ ran }) => ran).map(({ attack }) => attack)).toEqual([
      ...['selective-pgd', 'square'],
    ]);
  });
});

describe('the images of single attacks', () => {
  it('are read from the command line', () => {
    expect([...parseAttackImages('auto-attack=200, square=100,')]).toEqual([
      ['auto-attack', 200],
      ['square', 100],
    ]);
  });
  it.each([
    'auto-attack',
    'auto-attack=',
    'auto-attack=0',
    'auto-attack=-3',
    'pgd=1.5',
    'pgd=many',
    '=3',
    'a b=3',
  ])('are not %s', (text) => {
    expect(() => parseAttackImages(text)).toThrow(/is not an attack and a number of images/);
  });
  it('are given once', () => {
    expect(() => parseAttackImages('pgd=1,pgd=2')).toThrow(/pgd is given twice/);
  });
});

function cellWith(id: keyof typeof defenses | null, given: object = {}): CellConfig {
  const { cell } = makeRecord({ variant: 'cnn-33' });
  if (id === null) return { ...cell, dataset: { ...cell.dataset, id: 'mnist' } };
  const row = defenses[id];
  const defense = { id, options: row.parse(given) } as unknown as CellDefense;
  const variant = defendedVariant('cnn-33', defense, row.defaults);
  return { ...cell, dataset: { ...cell.dataset, id: 'mnist' }, variant, defense };
}

describe('the cost of training', () => {
  it('counts the gradients of every image, inner steps and teachers among them', () => {
    const images = (cell: CellConfig) => cell.training.epochs * cell.dataset.train;
    const times = (id: keyof typeof defenses | null, given?: object) => {
      const cell = cellWith(id, given);
      return trainingGradients(cell) / images(cell);
    };
    expect(times(null)).toBe(1);
    expect(times('pgd-training', { steps: 7 })).toBe(8);
    expect(times('fgsm-training')).toBe(3);
    expect(times('fgsm-training', { epsilon: 0 })).toBe(1);
    expect(times('defensive-distillation')).toBe(2);
    expect(times('feature-squeezing')).toBe(1);
  });
});

describe('a campaign against defences', () => {
  let run: string;
  beforeEach(async () => {
    run = await mkdtemp(path.join(tmpdir(), 'weightmap-defended-attacks-'));
  });
  afterEach(() => rm(run, { recursive: true, force: true }));

  /** A run of these cells, finished, with files in the place of their weights. */
  async function finished(...cells: CellConfig[]): Promise<Manifest> {
    const made = makeRecord({ variant: 'cnn-33' });
    for (const cell of cells) {
      const { dataset } = cell;
      await writeRecord(run, {
        ...made,
        cell,
        cellId: cellId(cell),
        variant: cell.variant,
        dataset: dataset.id,
      });
      const { weights } = cellPaths(run, cell);
      await mkdir(weights, { recursive: true });
      await writeFile(path.join(weights, 'weights.bin'), cell.variant);
    }
    return writeManifest(run, {
      ...{ preset: 'smoke', data: { seed: 7 }, gradCamSamples: 0 },
      tensorboard: false,
      cells,
    });
  }
  const plan = (manifest: Manifest, adaptive?: boolean, attackImages = '') =>
    planAttacks(run, manifest, {
      chosen: chooseAttacks(parseAttacks('fgsm,apgd-margin'), attacks),
      attackImages: parseAttackImages(attackImages),
      ...{ isDefault: false, select: ['*'], images: 250, maskingImages: 0, transfer: false, adaptive },
      ...{ epsilons: [0.1, 0.3], baseline: null, engine: 'native', onNote: () => {} },
    });

  it('has the attacks of each defence on its networks alone, each once, and the static attack on all', async () => {
    const manifest = await finished(cellWith(null), cellWith('feature-squeezing'), cellWith('pgd-training'));
    const made = await plan(manifest);
    expect(made.static).toEqual({ id: 'fgsm', label: 'FGSM' });
    expect(made.networks.map(({ adaptive }) => adaptive?.map(({ id }) => id))).toEqual([
      undefined,
      ['selective-pgd', 'orthogonal-pgd'],
      // AutoAttack has Square in it: alone it would repeat that.
      ['auto-attack'],
    ]);
    expect(made.networks.map(({ rejects }) => rejects)).toEqual([undefined, true, undefined]);
    expect(made.networks.map(({ withstands }) => withstands)).toEqual([
      undefined,
      ['selective-pgd', 'orthogonal-pgd', 'apgd-margin'],
      ['auto-attack', 'square'],
    ]);
    expect(made.networks[1].adaptive![0].strengths).toEqual([0.1, 0.3]);
    const names = partsOf(run, made, manifest).map(({ name }) => name);
    const startsWith = (text: string) => names.filter((name) => name.includes(text));
    expect(startsWith('static FGSM, images 1–250')).toHaveLength(3);
    expect(startsWith('thresholds of the rejection')).toEqual([
      'cnn-33+feature-squeezing trial 1: thresholds of the rejection',
    ]);
    const without = await plan(manifest, false);
    expect(without.networks.every(({ adaptive }) => adaptive === undefined)).toBe(true);
    expect(without.static).toEqual(made.static);
  });

  it('gives single attacks fewer images: the first ones of all, in parts of their own', async () => {
    const manifest = await finished(cellWith(null), cellWith('pgd-training'));
    const few = await plan(manifest, true, 'apgd-margin=40,auto-attack=100,square=200');
    expect(few.networks[1].adaptive!.map(({ id, images }) => [id, images])).toEqual([
      ['auto-attack', 100],
      // On more images than AutoAttack has, it isn't a repetition.
      ['square', 200],
    ]);
    const parts = partsOf(run, few, manifest).filter(({ target }) => target.cell.defense);
    expect(parts.map(({ name }) => name.split(': ')[1])).toEqual([
      ...['without an attack', 'FGSM, images 1–250', 'APGD margin, images 1–40', 'AutoAttack, images 1–100'],
      ...['Square, images 1–100', 'Square, images 101–200', 'static FGSM, images 1–250', 'pictures'],
    ]);
    // The number is no part of what a part depends on: with more images, finished parts stay.
    const [whole, more] = await Promise.all([plan(manifest), plan(manifest, true, 'auto-attack=200')]);
    const foldersOf = (one: typeof whole) => partsOf(run, one, manifest).map(({ folder }) => folder);
    const shared = parts.filter(({ name }) => /AutoAttack|FGSM/.test(name)).map(({ folder }) => folder);
    for (const one of [whole, more]) expect(foldersOf(one)).toEqual(expect.arrayContaining(shared));
  });

  it.each([
    ['deepfool=10', 'deepfool is not among the attacks of this campaign.', 'add deepfool to --attacks'],
    ['fgsm=251', "fgsm can't have more images than the campaign.", 'at most 250'],
  ])('refuses %s', async (text, what, more) => {
    const manifest = await finished(cellWith(null));
    const explained = await plan(manifest, true, text).then(
      () => 'it was planned',
      (error: WeightmapError) => error.explain(),
    );
    expect(explained).toContain(what);
    expect(explained).toContain(more);
  });

  it('refuses a record whose variant and defence contradict each other', async () => {
    const complaint = async (record: RunRecord) => {
      try {
        await writeRecord(run, record);
        return 'it was written';
      } catch (error) {
        return (error as WeightmapError).explain();
      }
    };
    const { defense } = cellWith('trades');
    const good = makeRecord({ variant: 'cnn-33+trades', defense });
    expect(await complaint(good)).toBe('it was written');
    for (const [record, reason] of [
      [makeRecord({ variant: 'cnn-33+trades' }), 'variant is cnn-33+trades, the cell has no defence'],
      [makeRecord({ variant: 'cnn-33', defense }), 'variant is cnn-33, the cell has the defence trades'],
      [
        makeRecord({ variant: 'cnn-33+fgsm-rs', defense }),
        'variant is cnn-33+fgsm-rs, the cell has the defence trades',
      ],
    ] as const)
      expect(await complaint(record)).toContain(reason);
  });

  it('is as it was for plain networks', async () => {
    const made = await plan(await finished(cellWith(null)));
    expect(Object.keys(made)).not.toContain('static');
    for (const key of ['rejects', 'withstands', 'trainingGradients'])
      expect(Object.keys(made.networks[0])).not.toContain(key);
  });
});

describe('the command', () => {
  let work: string;
  beforeEach(async () => {
    work = await mkdtemp(path.join(tmpdir(), 'weightmap-defence-command-'));
  });
  afterEach(() => rm(work, { recursive: true, force: true }));

  it('lists the defences, trains with one, and attacks it static beside adaptive', async () => {
    const listed = await here('list', '--defenses');
    for (const id of Object.keys(defenses)) expect(listed.stdout).toContain(id);
    const run = path.join(work, 'run');
    const grid = [
      '--dataset',
      'digits',
      '--select',
      'cnn-33',
      '--defense',
      'none,feature-squeezing',
      '--epochs',
      '1',
    ];
    const trained = await inside(['run', 'smoke', ...grid, '--out', run], { work });
    expect(trained.code, trained.stderr).toBe(0);
    const few = ['--images', '4', '--masking', '0', '--attacks', 'fgsm,apgd-margin:0.3', '--no-adaptive'];
    const attacked = await inside(['attack', run, ...few, '--epsilons', '0.3'], { work });
    expect(attacked.code, attacked.stderr).toBe(0);
    const [plain, squeezed] = (await readAttackedRun(run))!.cells;
    expect([plain.rejection, plain.adaptive, plain.static?.points.length]).toEqual([undefined, undefined, 1]);
    // A plain network hides nothing: static is FGSM on itself.
    expect(plain.static!.points[0].accuracyPercent).toBe(plain.attacks[0].points[0].accuracyPercent);
    expect(squeezed.variant).toBe('cnn-33+feature-squeezing');
    expect(squeezed.adaptive!.filter(({ ran }) => ran)).toEqual([{ attack: 'apgd-margin', ran: true }]);
    // The attack that knows the defence counts in the worst case.
    for (const { points } of squeezed.attacks)
      expect(squeezed.worst[0].accuracyPercent).toBeLessThanOrEqual(points[0].accuracyPercent);
    expect(squeezed.rejection!.attacked.map(({ by }) => by)).toEqual(['static', 'adaptive']);
    // The worst case is at least as bad as the static attack: at 5 % false positives, too.
    const at5 = squeezed.rejection!.attacked.map(
      ({ points }) => points.find((point) => point.falsePositivePercent === 5)!.successPercent,
    );
    expect(at5[1]).toBeGreaterThanOrEqual(at5[0]);
    expect(plain.trainingGradients).toBe(squeezed.trainingGradients);
    expect(attacked.stdout).toMatch(/static, L∞ ε 0.3 .*with rejection, L∞ ε 0.3: static → worst case/);
    // What isn't finished counts as not run; what is finished stays as it was.
    const more = [...few.slice(0, 4), '--attacks', 'fgsm,apgd-margin:0.3,pgd', '--epsilons', '0.3'];
    const both = await inside(['attack', run, ...more, '--collect', '--dry-run'], { work });
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('exclude each other')]);
    const nothing = await inside(['attack', run, '--images', '3', '--collect'], { work });
    expect([nothing.code, nothing.stderr]).toEqual([1, expect.stringContaining('Nothing of the campaign')]);
    const collected = await inside(['attack', run, ...more, '--collect'], { work });
    expect(collected.code, collected.stderr).toBe(0);
    expect(collected.stdout + collected.stderr).toMatch(/parts of \d+ are not done: .* counts as not run/);
    const [again] = (await readAttackedRun(run))!.cells;
    expect([again.attacks, again.worst, again.failed]).toEqual([plain.attacks, plain.worst, undefined]);
    const [{ networks }] = (await findShowcase(run, { select: ['*'], images: 1 })).showcase.benchmarks;
    expect(networks.map(({ id, notice }) => [id, notice])).toEqual([
      ['cnn-33', undefined],
      ['cnn-33+feature-squeezing', expect.stringContaining('Feature squeezing puts around it')],
    ]);
    expect(networks.map(({ defense }) => defense)).toEqual([
      undefined,
      { id: 'feature-squeezing', label: 'Feature squeezing', baseline: 'cnn-33' },
    ]);
    const alone = await findShowcase(run, { select: ['cnn-33+*'], images: 1 });
    expect(alone.showcase.benchmarks[0].networks[0].defense!.baseline).toBeNull();
    expect(readFileSync(path.join(run, 'attacks.json'), 'utf8')).toContain('"falsePositivePercent": 50');
  });
});
