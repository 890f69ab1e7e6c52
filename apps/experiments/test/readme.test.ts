// What the README says of results is in the committed records.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { defenses } from '@weightmap/defenses';
import { readRecords, type RunRecord } from '@weightmap/records';
import { verify } from '@weightmap/report';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from './_guide.js';

const numbersIn = (text: string) =>
  [...text.matchAll(/\d+(?:,\d{3})*(?:\.\d+)?/g)].map(([one]) => Number(one.replace(',', '')));

let readme: string;
let records: RunRecord[];
beforeAll(async () => {
  readme = await readFile(path.join(root, 'README.md'), 'utf8');
  records = (await readRecords(path.join(root, 'results'))).records.map(({ record }) => record);
});

describe('the README', () => {
  it('has fewer than 700 words, apart from code', () => {
    const words = readme.replaceAll(/^```.*?^```/gms, '').split(/\s+/);
    expect(words.length).toBeLessThan(700);
  });

  it('has the errors of trial 1, as they are recorded', () => {
    const variants = {
      convolutions: 'cnn-33',
      'smoothing maps': 'cnn-smooth-32',
      'unsharp maps': 'cnn-unsharp-32',
    };
    for (const [label, variant] of Object.entries(variants)) {
      const record = records.find((one) => one.variant === variant && one.trial === 1)!;
      expect([record.dataset, record.epochs, record.cell.dataset.test], variant).toEqual([
        'mnist',
        20,
        10_000,
      ]);
      const row = readme.split('\n').find((line) => line.startsWith(`| ${label} `))!;
      expect(numbersIn(row), label).toEqual([
        record.testErrorPercent,
        record.noise.find(({ beta }) => beta === 0.5)!.errorPercent,
        record.fgsm.find(({ epsilon }) => epsilon === 0.1)!.errorPercent,
      ]);
    }
  });

  it('counts no more networks than there are, and says that nothing is decided as long as that is so', () => {
    const [, trained, claims] =
      /(\d+) of the reproduction's 84 networks[^]*?paper's (\d+) claims none is decided/.exec(readme)!;
    expect(Number(trained)).toBeLessThanOrEqual(records.length);
    const verified = verify(records).claims;
    expect(verified.length).toBe(Number(claims));
    expect(verified.filter(({ verdict }) => verdict !== 'undecided')).toEqual([]);
  });

  it('has the errors of the defences from the measured table, which a test of the report compares with the records', async () => {
    const measured = await readFile(path.join(root, 'docs/defenses.md'), 'utf8');
    const adaptive = (defence: string, network: string) =>
      measured
        .split('\n')
        .map((line) => line.split('|').map((cell) => cell.trim()))
        .find(([, name, of]) => name?.startsWith(defence) && of === network)![5]
        .split(' ')[0];
    const [smoothing, conv] = ['CNN, smoothing 32', 'CNN, conv 33'];
    expect(readme).toContain(
      `(${adaptive('none', smoothing)} % errors, convolutions ${adaptive('none', conv)} %)`,
    );
    const trained = ['2 PGD training', conv, smoothing] as const;
    expect(readme).toContain(
      `(${adaptive(trained[0], trained[1])} and ${adaptive(trained[0], trained[2])} %)`,
    );
    expect(readme).toContain(`comparison of ${Object.keys(defenses).length} defences`);
  });
});
