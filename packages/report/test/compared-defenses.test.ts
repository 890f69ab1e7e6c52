// “Compared with other defences”: figure, table and sentences, from made results.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  cellId,
  writeAttackedRun,
  writeRecord,
  type AttackedRun,
  type AttackedSummary,
  type RunRecord,
} from '@weightmap/records';
import { makeRecord } from '@weightmap/test-utils/records';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attackedGroups } from '../src/model/attacked-networks.js';
import { comparedGroups } from '../src/model/compared-defenses.js';
import { comparedRows, comparedHeadline, comparedSentences } from '../src/model/compared-table.js';
import { conditionsOf } from '../src/model/likeness.js';
import { attackTable } from '../src/terminal.js';
import { reportOf } from './_report.js';

interface Made {
  plain?: string;
  defense?: { id: string; label: string };
  clean: number;
  /** Errors at ε 0.1 and 0.3. */
  static?: number[];
  adaptive?: number[];
  /** Of a detector: rejected clean images, and AUC static and adaptive. */
  detector?: { rejected: number; auc: [number, number] };
  masked?: boolean;
  notRun?: string[];
  gradients?: number;
}

const epsilons = [0.1, 0.3];

function recordOf({ plain = 'cnn-33', defense }: Made): RunRecord {
  if (!defense) return makeRecord({ variant: plain });
  const label = `${plain === 'cnn-33' ? 'CNN, conv 33' : 'CNN, smoothing 32'} + ${defense.label}`;
  return makeRecord({
    variant: `${plain}+${defense.id}`,
    architecture: 'cnn',
    defense: { id: defense.id, options: {} },
    names: {
      label,
      shortLabel: label.slice(5),
      kinds: [plain === 'cnn-33' ? 'conv' : 'smoothing'],
      architecture: 'CNN',
    },
  });
}

function summaryOf(made: Made): AttackedSummary {
  const { cell } = recordOf(made);
  const { clean, adaptive = [], detector, masked = false, notRun = [] } = made;
  const points = (errors: number[]) =>
    errors.map((error, i) => ({ strength: epsilons[i], accuracyPercent: 100 - error }));
  const percents = [1, 2, 5, 10, 20, 50];
  const detected = (by: 'static' | 'adaptive', errors: number[]) =>
    errors.map((error, i) => ({
      ...{ by, strength: epsilons[i], wrongImages: 90, auc: detector!.auc[by === 'static' ? 0 : 1] },
      points: percents.map((falsePositivePercent) => ({
        falsePositivePercent,
        successPercent: falsePositivePercent === 5 ? error : error / 2,
        detectedPercent: Math.min(100, (100 - error) * (0.5 + falsePositivePercent / 100)),
      })),
    }));
  return {
    ...{ cellId: cellId(cell), variant: cell.variant, dataset: 'mnist', trial: 1, images: 200 },
    cleanAccuracyPercent: 100 - clean,
    attacks: [],
    worst: points(adaptive).map((point) => ({ norm: 'linf', ...point })),
    masking: [
      {
        ...{ epsilon: 0.1, count: 10, believable: !masked, reason: 'made', checks: [] },
        ...{ verdict: masked ? 'suspicious' : 'believable', pgdAccuracy: 0.5, pgdAccuracyInterval: null },
      },
    ],
    trainingGradients: made.gradients ?? 54_000,
    ...(made.static && { static: { attack: 'fgsm', label: 'FGSM', points: points(made.static) } }),
    ...(made.defense && {
      adaptive: [{ attack: 'pgd', ran: true }, ...notRun.map((attack) => ({ attack, ran: false }))],
    }),
    ...(detector && {
      rejection: {
        validationImages: 100,
        clean: percents.map((falsePositivePercent) => ({
          falsePositivePercent,
          rejectedPercent: falsePositivePercent === 5 ? detector.rejected : falsePositivePercent,
          accuracyPercent: 100 - clean,
        })),
        attacked: [...detected('static', made.static!), ...detected('adaptive', adaptive)],
      },
    }),
  };
}

const baseline: Made = { clean: 1, static: [40, 80], adaptive: [70, 99.5] };
const smoothing: Made = { plain: 'cnn-smooth-32', clean: 1.5, static: [30, 60], adaptive: [60, 98] };
const pgd: Made = {
  ...{ defense: { id: 'pgd-training', label: 'PGD training' }, clean: 1.2 },
  ...{ static: [3, 6], adaptive: [5, 12], gradients: 2_214_000, notRun: ['auto-attack', 'square'] },
};
const squeezing: Made = {
  ...{ defense: { id: 'feature-squeezing', label: 'Feature squeezing' }, clean: 5.5 },
  ...{ static: [5, 10], adaptive: [60, 97], detector: { rejected: 4.5, auc: [0.98, 0.4] } },
};
const distilled: Made = {
  ...{ defense: { id: 'defensive-distillation', label: 'Defensive distillation' }, clean: 1.1 },
  ...{ static: [2, 4], adaptive: [72, 99], masked: true },
};
const smoothPgd: Made = { ...pgd, plain: 'cnn-smooth-32', clean: 2, adaptive: [7, 15], notRun: [] };

const run = (...made: Made[]): AttackedRun => ({
  ...{ schemaVersion: 2, images: 200, subsetSeed: 1, transfer: null },
  cells: made.map(summaryOf),
});
const groupOf = (...made: Made[]) => {
  const variants = made.map((one) => {
    const { cell } = recordOf(one);
    const [long, short] = [cell.names?.label ?? '', cell.names?.shortLabel ?? ''];
    return {
      variant: cell.variant,
      architecture: 'cnn',
      name: { long, short, kind: 'conv', alternating: false, architecture: 'CNN' },
    };
  });
  const benchmark = {
    ...{ title: 'MNIST', conditions: conditionsOf(makeRecord().cell) },
    variants: variants.filter(({ name }) => name.long !== ''),
  };
  return comparedGroups(attackedGroups(run(...made), [benchmark as never]));
};

describe('the comparison of defences', () => {
  it('is there for a run with defences alone', () => {
    expect(groupOf(baseline, smoothing)).toEqual([]);
    expect(groupOf(baseline, pgd)).toHaveLength(1);
  });

  it('has a row for each network, plain ones first, at the largest strength at which one keeps 5 %', () => {
    const [group] = groupOf(squeezing, baseline, pgd, smoothPgd, smoothing);
    expect(group.shown).toBe(0.3);
    const { rows } = comparedRows(group, 0.3);
    expect(rows.map(([defence, network]) => [defence, network])).toEqual([
      ['none', 'CNN, conv 33'],
      ['none', 'CNN, smoothing 32'],
      ['1 Feature squeezing', 'CNN, conv 33'],
      ['2 PGD training', 'CNN, conv 33'],
      ['2 PGD training', 'CNN, smoothing 32'],
    ]);
    // Clean, static and adaptive errors with Wilson's interval over 200 images; 12 %: [8.2, 17.2].
    expect(rows[3].slice(2)).toEqual([
      '1.2 [0, 4]',
      '6.0 [3, 10]',
      '12.0 [8, 17]',
      '–',
      '2.21 M',
      '200',
      'no sign',
    ]);
    // What is rejected is an error on clean images, and none under attack; its figures are those at 5 %.
    expect(rows[2].slice(2)).toEqual([
      ...['5.5 [3, 10]', '10.0 [7, 15]', '97.0 [94, 99]', '4.5; 0.980 → 0.400', '54 K', '200', 'no sign'],
    ]);
    expect(groupOf(baseline, distilled)[0].shown).toBe(0.1);
  });

  it('has the intervals of fewer images where an attack got fewer, and says how many', () => {
    const [plain, other, detector] = [baseline, pgd, squeezing].map(summaryOf);
    const fewer = {
      ...other,
      worst: other.worst.map((point) => ({ ...point, images: 50 })),
    };
    const { attacked, ...rest } = detector.rejection!;
    const rejection = {
      ...rest,
      attacked: attacked.map((one) => (one.by === 'adaptive' ? { ...one, images: 100 } : one)),
    };
    const cells = [plain, fewer, { ...detector, rejection }];
    const results = { ...run(), cells };
    const [group] = comparedGroups(attackedGroups(results, []));
    const rows = comparedRows(group, 0.3).rows.map((row) => [...row.slice(3, 5), row[7]]);
    // Wilson: 12 % of 50 images [5.6, 23.8], of 200 [8.2, 17.2].
    expect(rows.slice(1)).toEqual([
      ['6.0 [3, 10]', '12.0 [6, 24]', '200; 50 adaptive'],
      ['10.0 [7, 15]', '97.0 [92, 99]', '200; 100 adaptive'],
    ]);
    const points = [{ strength: 0.3, accuracyPercent: 50, meanLinf: null, meanL2: null }];
    const attacks = [{ id: 'fgsm', label: 'FGSM', norm: 'linf', measure: 'epsilon', points }];
    const withAttacks = { ...results, cells: cells.map((cell) => ({ ...cell, attacks })) };
    const text = attackTable(withAttacks);
    expect(text).toMatch(/static, L∞ ε 0.3 .*with rejection, L∞ ε 0.3: static → worst case/);
    expect(text).toMatch(/feature-squeezing .* 90.0 → 3.0/);
    // Without defences there are no such columns.
    expect(attackTable({ ...results, cells: [{ ...plain, attacks, static: undefined }] })).not.toMatch(
      /static|rejection/,
    );
  });

  it('says in a sentence how each defence does beside the same network without it', () => {
    const [group] = groupOf(baseline, pgd, distilled);
    expect(group.shown).toBe(0.3);
    expect(comparedSentences(group)).toEqual([
      'PGD training on CNN, conv 33, L∞ ε = 0.3: attackers who know it fool it on 12.0 % of the images (99.5 % without the defence), one who doesn’t know it on 6.0 %; its error on clean images is 1.2 % (1.0 % without the defence). Attacks that it must withstand and that were not run: auto-attack and square.',
      'Defensive distillation on CNN, conv 33, L∞ ε = 0.3: attackers who know it fool it on 99.0 % of the images (99.5 % without the defence), one who doesn’t know it on 4.0 %; its error on clean images is 1.1 % (1.0 % without the defence). There are signs that attacks on it fail, so it may be weaker than this.',
    ]);
  });

  it('says which defended network has the lowest adaptive error', () => {
    const [group] = groupOf(baseline, pgd, distilled);
    expect(comparedHeadline(group)!.replaceAll('\u00a0', ' ')).toBe(
      'At L∞ ε = 0.3, PGD training on CNN, conv 33 has the lowest adaptive error of 2 defended networks, 12.0 [8, 17] %; without a defence: CNN, conv 33 99.5 [97, 100] %',
    );
    const [doubtful] = groupOf(distilled);
    expect(comparedHeadline(doubtful)).toMatch(/of 1 defended network, .* %, with signs of masking$/);
  });

  it('takes FGSM for the static attack of a plain network whose record has none', () => {
    const { static: made, ...older } = summaryOf(baseline);
    const points = made!.points.map((point) => ({ ...point, meanLinf: null, meanL2: null }));
    const attacks = [{ id: 'fgsm', label: 'FGSM', norm: 'linf', measure: 'epsilon', points }];
    const [group] = comparedGroups(
      attackedGroups({ ...run(pgd), cells: [{ ...older, attacks }, summaryOf(pgd)] }, []),
    );
    expect(group.networks[0].points.map((point) => point.static?.mean)).toEqual([40, 80]);
  });
});

describe('the section of the report', () => {
  let folder: string;
  let document: Document;
  beforeAll(async () => {
    folder = path.join(await mkdtemp(path.join(tmpdir(), 'weightmap-compared-')), 'run');
    await mkdir(folder);
    const all = [baseline, smoothing, pgd, squeezing, distilled, smoothPgd];
    for (const one of all) await writeRecord(folder, recordOf(one));
    await writeAttackedRun(folder, run(...all));
    const { html } = await reportOf(folder);
    document = parseHTML(await readFile(html, 'utf8')).document;
  });
  afterAll(() => rm(path.dirname(folder), { recursive: true, force: true }));

  it('is figure, table, a sentence a row, and the other strengths behind a click', () => {
    const section = document.querySelector('#defenses')!;
    expect(section.querySelector('h2')!.textContent).toBe('Compared with other defences');
    const [errors, , detection] = section.querySelectorAll('figure svg');
    expect(errors.querySelector('desc')!.textContent).toContain(
      'PGD training on conv 33: clean error 1.2 %, adaptive 12.0 % and static 6.0 %',
    );
    expect(detection.querySelector('desc')!.textContent).toContain('2 adaptive');
    expect(section.querySelectorAll('li')).toHaveLength(4);
    expect(section.querySelectorAll('table')).toHaveLength(2);
    expect(section.querySelectorAll('details table')).toHaveLength(1);
    expect(section.querySelector('h3')!.textContent).toMatch(
      /^CNN on MNIST: At L∞ ε = 0.3, .* lowest adaptive error/,
    );
    expect(document.querySelector('nav')!.textContent).toContain('Compared with other defences');
  });

  it('has each mark once, labelled, in the colour of the network', () => {
    const [errors] = document.querySelectorAll('#defenses figure svg');
    const labels = [...errors.querySelectorAll('text')].map(({ textContent }) => textContent);
    for (const label of ['1', '2', '3 ?', 'conv 33', 'smoothing 32']) expect(labels).toContain(label);
    expect(labels.filter((label) => label === '1')).toHaveLength(2); // a tick of the axis, too
  });

  it('has its numbers as files', async () => {
    const read = (name: string) => readFile(path.join(folder, 'report', name), 'utf8');
    const rows = (await read('tables/defenses.csv')).trim().split('\n');
    expect(rows).toHaveLength(1 + 6 * 2);
    expect(rows.find((row) => row.includes('feature-squeezing') && row.includes(',0.3,'))).toMatch(
      /^mnist,cnn-33\+feature-squeezing,Feature squeezing,2,1,200,0\.3,5\.5,.*,10,.*,97,.*,4\.5,0\.98,0\.4,5,48\.5,54000,believable,,200$/,
    );
    expect((await read('tables/rejection.csv')).split('\n')[0]).toContain('detected_percent');
    expect(await read('figures/defenses.svg')).toContain('<svg');
    expect(await read('report.md')).toContain('### Compared with other defences: CNN on MNIST, L∞ ε = 0.3');
  });
});
