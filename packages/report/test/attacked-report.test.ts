import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeAttackedRun, writeRecord, type AttackedRun, type AttackedSummary } from '@weightmap/records';
import { parseHTML } from 'linkedom';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attackRows } from '../src/model/attack-table.js';
import { conditionsOf } from '../src/model/likeness.js';
import { attackCaption, attackPanels, curvesOf } from '../src/figures/attack-curves.js';
import { attackedHeadlines } from '../src/model/attacked-headline.js';
import { attackedGroups } from '../src/model/attacked-networks.js';
import { makeRecord } from '@weightmap/test-utils/records';
import { reportOf } from './_report.js';

const epsilons = [0.1, 0.2];

interface Made {
  variant: string;
  trial?: number;
  clean?: number;
  pgd?: number[];
  worst?: number[];
  /** Ids of the checks that found a sign of masking; null if nobody looked. */
  flagged?: string[] | null;
}

function attackedCell({
  variant,
  trial = 1,
  clean = 98,
  pgd = [60, 20],
  worst = pgd,
  flagged = [],
}: Made): AttackedSummary {
  const points = (accuracies: number[]) =>
    accuracies.map((accuracyPercent, i) => ({
      ...{ strength: epsilons[i], accuracyPercent },
      ...{ meanLinf: epsilons[i], meanL2: 1 },
    }));
  const check = { number: 1, title: 'Check', meaning: 'why', unit: '%', threshold: 1, value: 2 };
  return {
    ...{ cellId: 'a', variant, dataset: 'mnist', trial, images: 10, cleanAccuracyPercent: clean },
    attacks: [
      { id: 'pgd', label: 'PGD', norm: 'linf', measure: 'epsilon', points: points(pgd) },
      { id: 'deepfool', label: 'DeepFool', norm: 'l2', measure: 'epsilon', points: points([90, 80]) },
    ],
    worst: points(worst).map(({ strength, accuracyPercent }) => ({
      norm: 'linf',
      strength,
      accuracyPercent,
    })),
    masking: flagged && [
      {
        ...{ epsilon: 0.2, count: 10, believable: flagged.length === 0, reason: 'made' },
        verdict: flagged.length === 0 ? 'believable' : 'suspicious',
        ...{ pgdAccuracy: 0.5, pgdAccuracyInterval: [0.4, 0.6] },
        checks: [
          { ...check, id: 'unchanged', verdict: flagged.includes('unchanged') ? 'flagged' : 'passed' },
          { ...check, id: 'black-box', verdict: flagged.includes('black-box') ? 'flagged' : 'passed' },
        ],
      },
    ],
  };
}

const attackedRun = (...cells: Made[]): AttackedRun => ({
  ...{ schemaVersion: 2, images: 10, subsetSeed: 1, transfer: null },
  cells: cells.map(attackedCell),
});
const benchmark = { title: 'mnist', conditions: conditionsOf(makeRecord().cell), variants: [] };
const groupsOf = (...cells: Made[]) => attackedGroups(attackedRun(...cells), [benchmark]);
const svgOf = (markup: string) => parseHTML(`<body>${markup}</body>`).document.querySelector('svg')!;

describe('the table of one strength', () => {
  const headsOf = (...cells: Made[]) => attackRows(attackedRun(...cells)).head.slice(2, -1);

  it('shows the largest strength at which a network keeps 5 %, and the smallest if none does', () => {
    expect(headsOf({ variant: 'cnn-33', pgd: [60, 0] }, { variant: 'cnn-smooth-32', pgd: [40, 5] })).toEqual([
      'PGD, L∞ ε 0.2',
      'DeepFool, L2 ε 0.2',
      'worst case, L∞ ε 0.2',
    ]);
    expect(headsOf({ variant: 'cnn-33', pgd: [60, 0] }, { variant: 'cnn-smooth-32', pgd: [40, 4] })).toEqual([
      'PGD, L∞ ε 0.1',
      'DeepFool, L2 ε 0.2',
      'worst case, L∞ ε 0.1',
    ]);
    expect(headsOf({ variant: 'cnn-33', pgd: [0, 0] })[0]).toBe('PGD, L∞ ε 0.1');
  });

  it('gives every attack of a norm the same strength: that of the worst of them', () => {
    const run = attackedRun({ variant: 'cnn-33', pgd: [60, 0] });
    const [cell] = run.cells;
    const fgsm = { ...cell.attacks[0], id: 'fgsm', label: 'FGSM' };
    const weak = { ...fgsm, points: fgsm.points.map((point) => ({ ...point, accuracyPercent: 70 })) };
    const { head, rows } = attackRows({ ...run, cells: [{ ...cell, attacks: [weak, ...cell.attacks] }] });
    expect(head.slice(2, 4)).toEqual(['FGSM, L∞ ε 0.1', 'PGD, L∞ ε 0.1']);
    expect(rows[0].slice(2, 4).map((text) => text.split(' ')[0])).toEqual(['70.0', '60.0']);
  });
});

describe('curves under attack', () => {
  it('go from the clean error at 0 to the mean of the trials, the worst case first', () => {
    const [group] = groupsOf(
      { variant: 'cnn-33', trial: 1, clean: 98, pgd: [60, 20], worst: [50, 10] },
      { variant: 'cnn-33', trial: 2, clean: 96, pgd: [70, 20], worst: [60, 10] },
    );
    const curves = curvesOf(group);
    expect(curves.map(({ id }) => id)).toEqual(['worst', 'pgd', 'deepfool']);
    const [worst, pgd] = curves.map((one) =>
      one.curves[0].points.map(({ strength, error }) => [strength, error.mean, error.sd]),
    );
    expect(worst).toEqual([
      [0, 3, Math.sqrt(2)],
      [0.1, 45, Math.sqrt(50)],
      [0.2, 90, 0],
    ]);
    expect(pgd.map(([, error]) => error)).toEqual([3, 35, 80]);
  });

  it('are a panel an attack with a line a network, in its colour', () => {
    const panels = attackPanels(
      groupsOf({ variant: 'cnn-33' }, { variant: 'cnn-smooth-32' }, { variant: 'resnet-conv' }),
    );
    expect(panels.map(({ id, row }) => [row, id.replace(`attacks-${row}-`, '')])).toEqual(
      ['mnist-cnn', 'mnist-resnet'].flatMap((row) => ['worst', 'pgd', 'deepfool'].map((id) => [row, id])),
    );
    for (const { svg, row } of panels) {
      const paths = [...svgOf(svg).querySelectorAll('path[stroke-width="2"], g[stroke-width="2"] path')];
      expect(paths).toHaveLength(row === 'mnist-cnn' ? 2 : 1);
      for (const line of paths) expect(line.getAttribute('d')).toMatch(/^M[\d.]+,[\d.]+L[\d.,L]+$/);
    }
    expect(panels[0].svg).toContain('var(--smoothing, #0072B2)');
    expect(panels[2].svg).toContain('L2 ε');
  });

  it('mark the worst case of a network whose robustness is doubtful, in looks and in words', () => {
    const panels = attackPanels(
      groupsOf(
        { variant: 'cnn-33' },
        { variant: 'cnn-smooth-32', flagged: ['unchanged'] },
        { variant: 'cnn-unsharp-32', flagged: null },
      ),
    );
    const [worst, pgd] = panels.map(({ svg }) => svgOf(svg));
    const dotted = worst.querySelectorAll('[stroke-dasharray="2 4"]');
    expect(dotted).toHaveLength(1);
    expect(dotted[0].getAttribute('stroke')).toContain('--smoothing');
    const labels = [...worst.querySelectorAll('text')].map(({ textContent }) => textContent);
    expect(labels).toEqual(expect.arrayContaining(['conv 33 ✓', 'smoothing 32 ?', 'unsharp 32']));
    expect(labels).toContain('?: signs of masking');
    expect(worst.querySelector('desc')!.textContent).toContain(
      'smoothing 32 80.00 % at L∞ ε = 0.2 (with signs of masking)',
    );
    expect(pgd.innerHTML).not.toMatch(/stroke-dasharray="2 4"|[✓?]/);
    const caption = (flagged: string[] | null) => attackCaption(groupsOf({ variant: 'cnn-33', flagged }));
    expect(caption([])).toMatch(/✓/);
    expect(caption([])).not.toMatch(/Dots/);
    expect(caption(['unchanged'])).toMatch(/Dots, hollow marks/);
  });

  it('have a band where there are several trials', () => {
    const [one] = attackPanels(groupsOf({ variant: 'cnn-33' }));
    const [two] = attackPanels(
      groupsOf({ variant: 'cnn-33' }, { variant: 'cnn-33', trial: 2, pgd: [50, 30] }),
    );
    expect(one.svg).toContain('n = 1<');
    expect(one.svg).not.toContain('fill-opacity="0.14"');
    expect(two.svg).toContain('n = 2');
    expect(two.svg).toContain('fill-opacity="0.14"');
  });
});

describe('the sentence above them', () => {
  const sentence = (...cells: Made[]) => attackedHeadlines(groupsOf(...cells))[0].replaceAll('\u00a0', ' ');
  const [a, b] = [{ variant: 'cnn-33' }, { variant: 'cnn-unsharp-32', pgd: [70, 20] }];

  it('names the network with the lowest mean error over the informative strengths, and the next', () => {
    // At 0.2 every network is near chance.
    expect(sentence({ ...a, pgd: [60, 9] }, { ...b, pgd: [70, 10] })).toBe(
      'mnist: in the worst case, L∞ ε = 0.1, CNN, unsharp 32 has the lowest error, 30.00 % (next: CNN, conv 33, 40.00 %; one trial decides nothing), and no sign of masking was found',
    );
    const trials = (made: Made, ...first: number[]) =>
      first.map((accuracy, i) => ({ ...made, trial: i + 1, pgd: [accuracy, 9] }));
    expect(sentence(...trials(a, 60, 62), ...trials(b, 70, 72))).toContain(
      '29.00 ± 1.41 % (next: CNN, conv 33, 39.00 ± 1.41 %), and',
    );
    expect(sentence(...trials(a, 60, 80), ...trials(b, 70, 72))).toContain('; not decided)');
    // 0.1 and 0.2 count the same: 50 and 51 % on average, though unsharp is better at the stronger one.
    expect(sentence({ ...a, pgd: [80, 20] }, { ...b, pgd: [73, 25] })).toContain(
      'worst case, mean over L∞ ε 0.1–0.2, CNN, conv 33 has the lowest error, 50.00 % (next: CNN, unsharp 32, 51.00 %',
    );
    expect(sentence({ ...a, pgd: [15, 9] })).toContain('near chance or worse at every L∞ ε');
  });

  it('says whether that is believable', () => {
    expect(sentence({ ...a, flagged: ['unchanged'] }, b)).not.toContain('signs of masking');
    expect(sentence(a, { ...b, flagged: ['unchanged', 'black-box'] })).toMatch(
      /not believable yet: there are signs of masking \(unchanged, black-box\)$/,
    );
    expect(sentence(a, { ...b, flagged: null })).toMatch(/were not looked for$/);
    const judged = (verdict: 'undecided' | 'not applicable') => {
      const run = attackedRun({ ...a, flagged: ['black-box'] });
      for (const report of run.cells[0].masking!) {
        report.verdict = verdict;
        for (const check of report.checks) if (check.verdict === 'flagged') check.verdict = 'undecided';
      }
      return attackedHeadlines(attackedGroups(run, [benchmark]))[0];
    };
    expect(judged('undecided')).toMatch(/need more images to decide \(black-box\)$/);
    expect(judged('not applicable')).toMatch(
      /do not apply: hardly an image is classified correctly under PGD$/,
    );
    expect(sentence(a, { ...a, variant: 'cnn-smooth-32' })).toContain(
      'conv 33 and CNN, smoothing 32 have the same error: ',
    );
    expect(sentence({ ...a, worst: [] })).toContain('there is no worst case');
  });

  it('says how far the error of a single network rises, at the largest informative strength', () => {
    expect(sentence({ ...a, pgd: [60, 30] })).toBe(
      'mnist: at L∞ ε = 0.2 the attacks raise the error of CNN, conv 33 from 2.00 % to 70.00 %, and no sign of masking was found',
    );
  });
});

describe('the section of the report', () => {
  let run: string;
  let document: Document;
  beforeAll(async () => {
    run = await mkdtemp(path.join(tmpdir(), 'weightmap-attacked-'));
    const attacked = attackedRun({ variant: 'cnn-33' }, { variant: 'cnn-smooth-32', flagged: ['unchanged'] });
    for (const cell of attacked.cells) {
      const record = makeRecord({ variant: cell.variant });
      cell.cellId = record.cellId;
      await writeRecord(run, record);
      const folder = path.join(run, 'cells/mnist', cell.variant, 'trial-1');
      await mkdir(path.join(folder, 'attacked'));
      const look = (condition: 'clean' | 'attacked', predicted: string) => ({
        ...{
          condition,
          strength: condition === 'clean' ? 0 : 0.1,
          layer: 'conv3',
          sample: 4,
          label: 'seven',
        },
        ...{ predicted, probability: 0.625 },
        image: `attacked/4-${condition}-image.png`,
        heatmap: `attacked/4-${condition}-heatmap.png`,
        ...(condition === 'attacked' && { perturbation: 'attacked/4-attacked-perturbation.png' }),
      });
      const looks = [look('clean', 'seven'), look('attacked', 'one')];
      cell.pictures = { attack: cell.variant === 'cnn-33' ? 'PGD' : 'BIM', looks };
      for (const { image, heatmap, perturbation } of looks)
        for (const file of [image, heatmap, ...(perturbation ? [perturbation] : [])])
          await sharp(Buffer.alloc(16, file.includes('perturbation') ? 77 : 200), {
            raw: { width: 4, height: 4, channels: 1 },
          })
            .png()
            .toFile(path.join(folder, file));
    }
    await writeAttackedRun(run, attacked);
    const { html } = await reportOf(run);
    document = parseHTML(await readFile(html, 'utf8')).document;
  });
  afterAll(() => rm(run, { recursive: true, force: true }));

  it('is the sentence, the curves, the pictures, the tables', () => {
    const section = document.querySelector('#attacks')!;
    const order = [...section.querySelectorAll('h3, figure, table.pictures, table.small')].map(
      ({ localName, className }) => className || localName,
    );
    expect(order.slice(0, 5)).toEqual(['h3', 'figure', 'h3', 'pictures', 'small']);
    expect(section.querySelector('h3')!.textContent).toMatch(/^MNIST: in the worst case, L∞ ε = 0.1/);
    const links = [...section.querySelectorAll('figcaption a')].map((link) => link.getAttribute('href')!);
    expect(links[0]).toMatch(/^data:text\/csv/);
    expect(section.querySelector('figcaption')!.textContent).toContain('figures/attacks.svg');
  });

  it('shows each network’s clean and attacked view, and names the attack', async () => {
    const rows = [...document.querySelectorAll('#attacks .pictures tbody tr')].map((row) =>
      row.textContent.replace(/\s+/g, ' ').trim(),
    );
    expect(rows).toEqual([
      '“seven” cleantest image 4 seven 63 % seven 63 %',
      '“seven” attacked, ε = 0.1 each model’s own ✗ one 63 %PGD ✗ one 63 %BIM',
    ]);
    const perturbation = document.querySelector('#attacks img[alt^="Perturbation"]')!;
    const { data } = await sharp(Buffer.from(perturbation.getAttribute('src')!.split(',')[1], 'base64'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(data[0], 'the picture that the command drew').toBe(77);
  });

  it('lies beside the page as files', async () => {
    const figures = await readdir(path.join(run, 'report/figures'));
    for (const id of ['attacks', 'attacked-grad-cam-mnist-cnn'])
      expect(figures).toEqual(expect.arrayContaining([`${id}.svg`, `${id}.png`]));
    expect(await readFile(path.join(run, 'report/tables/attacked-grad-cam.csv'), 'utf8')).toContain(
      'mnist,cnn-smooth-32,1,4,BIM,0.1,conv3,seven,one,0.625,attacked/4-attacked-image.png,',
    );
    expect(await readFile(path.join(run, 'report/tables/attacks.csv'), 'utf8')).toContain(
      'mnist,cnn-33,1,worst case,linf,0.2,20',
    );
    expect(await readFile(path.join(run, 'report/report.md'), 'utf8')).toContain('figures/attacks.png');
  });
});
