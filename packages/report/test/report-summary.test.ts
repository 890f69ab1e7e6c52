import { describe, expect, test } from 'vitest';
import { paperRow, paperRows } from '../src/paper-values.js';
import { dodge } from '../src/plot/_end-labels.js';
import { toCsv } from '../src/csv.js';
import { strength } from '../src/format.js';
import { errorInterval, errorText } from '../src/model/intervals.js';
import { cautionsOf, headlineOf, rankingsOf } from '../src/model/headline.js';
import { spread, summarise, terminalTable } from '../src/index.js';
import { protocolLines } from '../src/model/provenance.js';
import { conditionLabel } from '../src/model/condition.js';
import { makeRecord, type MadeRecord } from '@weightmap/test-utils/records';

const summaryOf = (...made: MadeRecord[]) =>
  summarise({ records: made.map((one) => ({ record: makeRecord(one), folder: '' })), damaged: [] });

/** A variant's trials with these test errors. */
const trials = (variant: string, errors: readonly number[], rest: MadeRecord = {}) =>
  errors.map((testErrorPercent, i) => ({ ...rest, variant, trial: i + 1, testErrorPercent }));

/** Errors under FGSM: those of clean images, and at the two strengths of a made record. */
const curveOf = (weak: number, strong: number) =>
  [0, 8 / 255, 0.3].map((epsilon, i) => ({ epsilon, errorPercent: [0.85, weak, strong][i] }));

describe('statistics', () => {
  test('mean and sample standard deviation of three trials, by hand', () => {
    // Mean 0.8; deviations 0, −0.1, 0.1; squares 0.02; 0.02 / 2 = 0.01.
    const { mean, sd, n } = spread([0.8, 0.7, 0.9]);
    expect(mean).toBeCloseTo(0.8, 12);
    expect(sd).toBeCloseTo(0.1, 12);
    expect(n).toBe(3);
  });

  test('one trial has no deviation, rather than none to speak of', () => {
    expect(spread([0.8])).toEqual({ n: 1, mean: 0.8, sd: null, values: [0.8] });
    expect(spread([0.8, 0.8]).sd).toBe(0);
  });
});

describe('the paper’s values', () => {
  test('are the 31 rows of tables 4 to 7', () => {
    expect([4, 5, 6, 7].map((table) => paperRows.filter((row) => row.table === table).length)).toEqual([
      9, 10, 6, 6,
    ]);
    expect(new Set(paperRows.map(({ dataset, variant }) => `${dataset}/${variant}`)).size).toBe(31);
    expect(paperRow('cifar10', 'densenet-conv')).toMatchObject({
      testErrorPercent: 23.18,
      plusMinus: 0.7,
      params: null,
    });
    expect(paperRow('mnist', 'cnn-unsharp-32')).toMatchObject({
      testErrorPercent: 0.73,
      params: '1.49M',
      gflops: 0.02,
    });
  });
});

describe('the summary', () => {
  test.each([
    ['iwildcam-2class', 'iWildCam (two classes)', paperRow('iwildcam', 'resnet-smoothing')],
    ['digits', 'procedural digits', paperRow('mnist', 'resnet-smoothing')],
    ['my-photos', 'my photos', undefined],
  ])('shows the row of the dataset that %s replaces, and subtracts nothing', (id, label, row) => {
    const [{ variants }] = summaryOf(...trials('resnet-smoothing', [5], { data: { id, label } })).benchmarks;
    expect(variants[0].paper).toEqual(
      row ? { row, difference: null, interval: null, isDifferent: null } : null,
    );
  });

  test('averages the trials of a variant, test error and curves', () => {
    const [{ variants }] = summaryOf(
      ...trials('cnn-33', [0.8, 0.7, 0.9]).map((one, i) => ({
        ...one,
        fgsm: [
          { epsilon: 0.1, errorPercent: 10 + i },
          { epsilon: 0, errorPercent: 1 },
        ],
      })),
    ).benchmarks;
    expect(variants).toHaveLength(1);
    expect(variants[0].testError.mean).toBeCloseTo(0.8, 12);
    expect(variants[0].fgsm.map(({ strength: at, error }) => [at, error.mean, error.sd])).toEqual([
      [0, 1, 0],
      [0.1, 11, 1],
    ]);
  });

  test('keeps apart what was not made under the same conditions', () => {
    const { benchmarks } = summaryOf(
      {},
      { trial: 2, training: { epochs: 3 } },
      { variant: 'cnn-wide', data: { train: 5000 } },
    );
    expect(benchmarks.map(({ title, variants }) => [title, variants.length])).toEqual([
      ['MNIST, 300 epochs, 54,000 images', 1],
      ['MNIST, 300 epochs, 5,000 images', 1],
      ['MNIST, 3 epochs, 54,000 images', 1],
    ]);
    expect(new Set(benchmarks.map(({ id }) => id)).size).toBe(3);
  });

  test('marks a difference to the paper by Welch’s interval, and only under the paper’s conditions', () => {
    const paperOf = (...made: MadeRecord[]) => summaryOf(...made).benchmarks[0].variants[0].paper!;
    // The paper: 0.79 ± 0.03, three trials. By hand: standard error √(0.03²/3 + 0.02²/3) = 0.0208.
    const { interval, isDifferent } = paperOf(...trials('cnn-smooth-32', [1, 1.02, 0.98]));
    expect(isDifferent).toBe(true);
    expect((interval!.low + interval!.high) / 2).toBeCloseTo(0.21, 10);
    const t = (interval!.high - 0.21) / 0.0208167;
    // 3.486 degrees of freedom: t lies between 3.182 (3) and 2.776 (4).
    expect(t).toBeGreaterThan(2.776);
    expect(t).toBeLessThan(3.182);
    expect(paperOf(...trials('cnn-smooth-32', [0.8, 0.82, 0.78]))).toMatchObject({ isDifferent: false });
    // 0.05 apart is more than either deviation, and still within the interval.
    expect(paperOf(...trials('cnn-smooth-32', [0.84, 0.86, 0.82]))).toMatchObject({ isDifferent: false });
    expect(paperOf(...trials('cnn-smooth-32', [1]))).toMatchObject({ interval: null, isDifferent: null });
    expect(paperOf(...trials('cnn-smooth-32', [1])).difference).toBeCloseTo(0.21, 12);
    expect(
      paperOf(...trials('cnn-smooth-32', [2, 2.1], { training: { epochs: 30 } })),
      'other conditions: a difference, but no mark',
    ).toMatchObject({ difference: expect.closeTo(1.26, 10) as number, isDifferent: null });
    const nothing = { difference: null, interval: null, isDifferent: null };
    expect(paperOf(...trials('cnn-smooth-32', [9, 9.1], { training: { epochs: 3 } }))).toMatchObject(nothing);
    const digits = { id: 'digits', label: 'procedural digits' };
    expect(paperOf(...trials('cnn-smooth-32', [9, 9.1], { data: digits }))).toMatchObject(nothing);
  });

  test('compares under noise and FGSM by the mean over the informative strengths', () => {
    const noise = (...errors: number[]) => errors.map((errorPercent, i) => ({ beta: i / 5, errorPercent }));
    // Smoothing is better at the strongest noise alone, and worse on the whole.
    const made = [
      { variant: 'cnn-33', noise: noise(1, 8, 20, 50, 75, 84.6) },
      { variant: 'cnn-smooth-32', noise: noise(1, 33, 48, 60, 66, 71.6) },
    ];
    const [benchmark] = summaryOf(...made).benchmarks;
    expect(benchmark.informative.noise).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    expect(conditionLabel(benchmark, 'noise')).toBe('uniform noise, mean over β 0.2–1');
    const means = benchmark.variants.map(({ meanError }) => meanError.noise!.mean);
    expect(means[0]).toBeCloseTo((8 + 20 + 50 + 75 + 84.6) / 5, 10);
    const ranking = rankingsOf(benchmark).find(({ condition }) => condition === 'noise')!;
    expect(ranking.leaders[0].variant).toBe('cnn-33');
  });

  test('two classes: only strengths below 40 % are informative', () => {
    const fgsm = [5, 20, 39, 45, 70].map((errorPercent, i) => ({ epsilon: i / 10, errorPercent }));
    const data = { id: 'iwildcam-2class', label: 'iWildCam (two classes)' };
    const [two] = summaryOf({ fgsm, data: { ...data, classes: 2 } }).benchmarks;
    expect(two.informative.fgsm).toEqual([0.1, 0.2]);
    expect(two.variants[0].meanError.fgsm!.mean).toBeCloseTo(29.5, 10);
    expect(conditionLabel(two, 'fgsm')).toBe('FGSM, mean over L∞ ε 0.1–0.2');
    const [ten] = summaryOf({ fgsm, data: { ...data, classes: 10 } }).benchmarks;
    expect(ten.informative.fgsm).toEqual([0.1, 0.2, 0.3, 0.4]);
  });

  test('gives no figure where every network is near chance', () => {
    const noise = [90, 88, 91].map((errorPercent, i) => ({ beta: i / 2, errorPercent }));
    const [benchmark] = summaryOf({ noise }).benchmarks;
    expect(benchmark.variants[0].meanError.noise).toBeNull();
    expect(conditionLabel(benchmark, 'noise')).toBe('uniform noise, all near chance at every β');
    expect(rankingsOf(benchmark).map(({ condition }) => condition)).toEqual(['clean', 'fgsm']);
  });

  test('lists the rows that are missing, and why', () => {
    const { missing } = summarise({
      records: [{ record: makeRecord(), folder: '' }],
      damaged: [{ file: 'cells/mnist/cnn-wide/trial-1/record.json', reason: 'not JSON' }],
    });
    expect(missing).toHaveLength(30);
    expect(missing.find(({ row }) => row.variant === 'cnn-wide')?.reason).toBe('its record is damaged');
    expect(missing.find(({ row }) => row.variant === 'cnn-33-k9')?.reason).toBe('not in this run');
  });
});

describe('the interval of an error', () => {
  const { conditions } = summaryOf({ evaluation: { robustnessImages: 500 } }).benchmarks[0];

  test('is Wilson’s over the test images for one trial, Student’s over several', () => {
    // Wilson: (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n), p = 0.0085, n = 10,000.
    const [p, n, z] = [0.0085, 10_000, 1.959964];
    const half = z * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n ** 2));
    const [low, high] = [-half, half].map((side) => (100 * (p + z ** 2 / (2 * n) + side)) / (1 + z ** 2 / n));
    const single = errorInterval(conditions, 'clean', spread([0.85]));
    expect(single).toMatchObject({ covers: 'test images', n: 10_000 });
    expect([single.low, single.high]).toEqual([expect.closeTo(low, 6), expect.closeTo(high, 6)]);
    expect(errorInterval(conditions, 'noise', spread([0.85]))).toMatchObject({
      covers: 'test images',
      n: 500,
    });
    expect(errorInterval(conditions, 'clean', spread([0.8, 0.9]))).toMatchObject({ covers: 'trials', n: 2 });
  });

  test('looks unlike a deviation over trials', () => {
    expect(errorText(conditions, 'clean', spread([0.85]))).toBe('0.85 [0.69, 1.05]');
    expect(errorText(conditions, 'fgsm', spread([75.2]))).toBe('75.20 [71.2, 78.8]');
    expect(errorText(conditions, 'clean', spread([0.7, 0.8, 0.9]))).toBe('0.80 ± 0.10');
  });
});

describe('the headline', () => {
  const headline = (...made: MadeRecord[]) => {
    const [benchmark] = summaryOf(...made).benchmarks;
    const rankings = rankingsOf(benchmark);
    return {
      text: headlineOf(benchmark, rankings),
      verdicts: rankings.map(({ verdict }) => verdict),
      reasons: rankings.map(({ reason }) => reason),
      lead: rankings[0].next?.lead,
      cautions: cautionsOf(benchmark),
    };
  };

  test('a lead whose interval excludes 0 is a lead', () => {
    const { text, verdicts, reasons, lead, cautions } = headline(
      ...trials('cnn-33', [0.9, 0.91, 0.92]),
      ...trials('cnn-unsharp-32', [0.7, 0.71, 0.72]),
    );
    expect(verdicts[0]).toBe('decided');
    expect(reasons[0]).toBe('lower than the other (95 % intervals)');
    // Standard error 0.01·√(2/3), t of 4 degrees of freedom.
    expect(lead).toBe('+0.20 [+0.18, +0.22]');
    expect(text).toMatch(/^MNIST, lowest error: CNN, unsharp 32 on clean images/);
    expect(cautions).toEqual([]);
  });

  test('a lead of more than either deviation is not enough', () => {
    const { text, verdicts, reasons } = headline(
      ...trials('cnn-33', [0.85, 0.95, 1.05]),
      ...trials('cnn-unsharp-32', [0.7, 0.8, 0.9]),
    );
    expect(verdicts[0]).toBe('open');
    expect(reasons[0]).toBe('not decided: no clear difference from CNN, conv 33');
    expect(text).toContain('not decided');
  });

  test('with several competitors each difference has to be clear, by Holm’s procedure', () => {
    const clear = headline(
      ...trials('cnn-33', [0.9, 0.91, 0.92]),
      ...trials('cnn-33-k9', [0.95, 0.94, 0.96]),
      ...trials('cnn-unsharp-32', [0.7, 0.71, 0.72]),
    );
    expect(clear.reasons[0]).toBe('lower than each of the 2 others (95 % intervals, Holm’s correction)');
    const open = headline(
      ...trials('cnn-33', [2, 2.01, 2.02]),
      ...trials('cnn-33-k9', [0.74, 0.75, 0.73]),
      ...trials('cnn-unsharp-32', [0.7, 0.72, 0.74]),
    );
    expect(open.reasons[0]).toBe('not decided: no clear difference from CNN, conv 33, 9×9');
  });

  test('one trial decides nothing, whatever the lead, also if only one variant has one', () => {
    const { text, verdicts, cautions } = headline(
      ...trials('cnn-33', [5]),
      ...trials('cnn-unsharp-32', [0.7]),
    );
    expect(verdicts[0]).toBe('single');
    expect(text).toContain('not decided');
    expect(cautions[0]).toMatch(/^One trial each: .* no ranking is decided\.$/);
    const mixed = headline(...trials('cnn-33', [5]), ...trials('cnn-unsharp-32', [0.7, 0.71, 0.72]));
    expect(mixed.verdicts[0]).toBe('single');
    expect(mixed.cautions[0]).toMatch(/^1 of 2 variants has a single trial/);
  });

  test('equal errors share the lead, and one variant alone leads nobody', () => {
    const tie = headline(...trials('cnn-33', [0.8, 0.9]), ...trials('cnn-wide', [0.9, 0.8]));
    expect(tie.verdicts[0]).toBe('tie');
    expect(headline({}).text).toBe('MNIST: CNN, conv 33 alone, so nothing to compare');
  });

  test('results of a subset get no verdict, however clear they look', () => {
    const data = { train: 5000, test: 1000 };
    const { text, verdicts, cautions } = headline(
      ...trials('cnn-33', [9, 9.1, 9.2], { data }),
      ...trials('cnn-unsharp-32', [2, 2.1, 2.2], { data }),
    );
    expect(new Set(verdicts)).toEqual(new Set(['not evidence']));
    expect(text).toBe('MNIST: no ranking, these results are not evidence');
    expect(cautions).toEqual([
      'Not evidence: trained on 5,000 of the paper’s 54,000 images; tested on 1,000 of 10,000 images.',
    ]);
  });

  test('says how the conditions differ from the paper’s', () => {
    const { cautions } = headline(...trials('cnn-33', [1, 1.1], { training: { epochs: 30 } }));
    expect(cautions).toEqual([
      'Conditions differ from the paper’s: trained for 30 epochs where the paper has 300.',
    ]);
  });
});

describe('the terminal’s table', () => {
  test('has the paper’s value beside each, decimal points in a column', () => {
    const lines = terminalTable(
      summaryOf(...trials('cnn-33', [0.8, 0.7, 0.9]), ...trials('cnn-wide', [10, 11, 12])),
    ).split('\n');
    const [wide, conv] = lines.slice(2);
    expect(lines[0]).toBe('MNIST · 300 epochs · noise: mean over β 0.5–1 · FGSM: L∞ ε = 8/255');
    expect(wide).toContain('11.00 ± 1.00');
    expect(wide).toContain('1.00 ± 0.09');
    expect(conv).toContain('0.80 ± 0.10');
    expect(conv).toContain('0.85 ± 0.11');
    expect(wide.indexOf('.')).toBe(conv.indexOf('.'));
    expect(lines.join('')).not.toContain('\u001b');
    expect(lines).toContain('± standard deviation over n trials.');
  });

  test('shows a single trial with its interval over the test images, labelled as that', () => {
    const text = terminalTable(summaryOf({ testErrorPercent: 0.85, evaluation: { robustnessImages: 500 } }));
    expect(text).toContain('0.85 [0.69, 1.05]');
    expect(text).toContain(
      '[ ] 95 % interval over 10,000 test images (noise and FGSM: 500), one trial: the randomness of training is not covered.',
    );
    expect(text).not.toContain('± standard deviation');
  });

  test('gives no verdict where nothing is evidence, and says why', () => {
    const text = terminalTable(summaryOf({ data: { train: 5000, test: 1000 }, training: { epochs: 3 } }));
    expect(text).toContain(
      'Not evidence: trained on 5,000 of the paper’s 54,000 images; tested on 1,000 of 10,000 images; trained for 3 epochs where the paper has 300.',
    );
    expect(text).toMatch(/\n\nNo verdict on the paper’s claims: these results are not evidence\.$/);
    expect(text).not.toMatch(/supported|contradicted|undecided|decided by/);
    expect(text, 'nor a difference to the paper').not.toContain('diff');
  });

  test('lets no label steer the terminal', () => {
    const text = terminalTable(summaryOf({ data: { id: 'x', label: 'evil\u001b[2J' } }));
    expect(text).not.toContain('\u001b');
    expect(text).toContain('evil');
  });

  test('of a run on own data has no empty column and no word of the paper', () => {
    const own = { data: { id: 'x', label: 'own images' }, training: { epochs: 20 } };
    const text = terminalTable(
      summaryOf(...trials('cnn-33', [3, 3.1], own), ...trials('cnn-smooth-32', [2, 2.1], own)),
    );
    expect(text).toContain('test error %');
    expect(text).not.toMatch(/paper|\bdiff\b|claim| – /);
    expect(text).toMatch(/Do weight maps make these networks more robust\? Not decided on own images/);
  });
});

describe('small things', () => {
  test('labels at lines’ ends keep their order and distance, inside the panel', () => {
    const values = [99, 100, 50, 98.5, 0];
    const placed = dodge(values, { gap: 5, low: 0, high: 100 });
    const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
    for (let i = 1; i < order.length; i++)
      expect(placed[order[i]] - placed[order[i - 1]]).toBeGreaterThanOrEqual(5 - 1e-9);
    expect(Math.max(...placed)).toBeLessThanOrEqual(100);
    expect(placed[2]).toBe(50);
    expect(dodge([1, 1, 1], { gap: 80, low: 0, high: 100 })).toEqual([0, 50, 100]);
  });

  test('CSV quotes what needs it, and no text becomes a formula', () => {
    expect(
      toCsv({
        columns: ['a', 'b'],
        rows: [
          ['x,"y"', null],
          ['=1+1', -0.5],
        ],
      }),
    ).toBe('a,b\n"x,""y""",\n\'=1+1,-0.5\n');
  });

  test('strengths are written the short way', () => {
    expect([0, 8 / 255, 0.1, 0.3, 1].map(strength)).toEqual(['0', '8/255', '0.1', '0.3', '1']);
  });
});

test('a defended network is a row of its own, and changes no figure of the plain one', () => {
  const plain = [
    ...trials('cnn-33', [0.8, 0.9]).map((one) => ({ ...one, fgsm: curveOf(10, 89.9) })),
    ...trials('cnn-unsharp-32', [0.7, 0.8]).map((one) => ({ ...one, fgsm: curveOf(12, 89.9) })),
  ];
  const names = {
    label: 'CNN, conv 33 + PGD training',
    shortLabel: 'conv 33 + PGD training',
    kinds: ['conv' as const],
  };
  const defended = trials('cnn-33+pgd-training', [2, 2.1]).map((one) => ({
    ...one,
    architecture: 'cnn',
    names: { ...names, architecture: 'CNN' },
    defense: { id: 'pgd-training', options: {} },
    // Better than chance where the plain networks are not.
    fgsm: curveOf(3, 5),
  }));
  const rows = (...made: MadeRecord[]) => summaryOf(...made).benchmarks.flatMap(({ variants }) => variants);
  const alone = rows(...plain);
  const together = rows(...plain, ...defended);
  expect(together.map(({ name }) => name.long)).toEqual([
    ...alone.map(({ name }) => name.long),
    'CNN, conv 33 + PGD training',
  ]);
  expect(together.slice(0, -1)).toEqual(alone);
  expect(together.at(-1)).toMatchObject({ architecture: 'cnn', testError: { n: 2, mean: 2.05 } });
});

test.each([
  [{ selection: 'last' }, 'weights of the last epoch'],
  [{ selection: 'best' }, 'weights of the epoch with the lowest validation error;'],
  [
    { selection: 'robust', selectionEpsilon: 0.1 },
    'weights of the epoch with the lowest validation error under PGD-10 at ε 0.1',
  ],
] as const)('the protocol names the epoch whose weights were taken: %j', (choice, text) => {
  const summary = summaryOf({});
  const [benchmark] = summary.benchmarks;
  const training = { ...benchmark.conditions.training, ...choice };
  const changed = {
    ...summary,
    benchmarks: [{ ...benchmark, conditions: { ...benchmark.conditions, training } }],
  };
  expect(protocolLines(changed)[0]).toContain(text);
});
