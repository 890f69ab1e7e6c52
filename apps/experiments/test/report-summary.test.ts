import { describe, expect, test } from 'vitest';
import { paperRow, paperRows } from '../src/paper-values.js';
import { dodge } from '../src/report/_end-labels.js';
import { toCsv } from '../src/csv.js';
import { strength } from '../src/format.js';
import { cautionsOf, claimsOf, headlineOf } from '../src/report/headline.js';
import { outsideBoth, spread, summarise, terminalTable } from '../src/report/index.js';
import { tellingStrength } from '../src/report/telling-strength.js';
import { makeRecord, type MadeRecord } from './make-record.js';

const summaryOf = (...made: MadeRecord[]) =>
  summarise({ records: made.map((one) => ({ record: makeRecord(one), folder: '' })), damaged: [] });

/** A variant's trials with these test errors. */
const trials = (variant: string, errors: readonly number[], rest: MadeRecord = {}) =>
  errors.map((testErrorPercent, i) => ({ ...rest, variant, trial: i + 1, testErrorPercent }));

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

  test('a difference counts outside both deviations only', () => {
    expect(outsideBoth(0.2, 0.1, 0.15)).toBe(true);
    expect(outsideBoth(-0.12, 0.1, 0.15)).toBe(false);
    expect(outsideBoth(5, null, 0.15)).toBeNull();
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
  ])('shows the row of what %s stands for, and subtracts nothing', (id, label, row) => {
    const [{ variants }] = summaryOf(...trials('resnet-smoothing', [5], { data: { id, label } })).benchmarks;
    expect(variants[0].paper).toEqual(row ? { row, difference: null, outside: null } : null);
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

  test('marks a difference to the paper outside both deviations, and only like for like', () => {
    const paperOf = (...made: MadeRecord[]) => summaryOf(...made).benchmarks[0].variants[0].paper!;
    // The paper: 0.79 ± 0.03.
    expect(paperOf(...trials('cnn-smooth-32', [1, 1.02, 0.98]))).toMatchObject({ outside: true });
    expect(paperOf(...trials('cnn-smooth-32', [0.8, 0.82, 0.78]))).toMatchObject({ outside: false });
    expect(paperOf(...trials('cnn-smooth-32', [1]))).toMatchObject({ outside: null });
    expect(paperOf(...trials('cnn-smooth-32', [1])).difference).toBeCloseTo(0.21, 12);
    expect(paperOf(...trials('cnn-smooth-32', [9, 9.1], { training: { epochs: 3 } }))).toMatchObject({
      outside: null,
    });
    const digits = { id: 'digits', label: 'procedural digits' };
    expect(paperOf(...trials('cnn-smooth-32', [9, 9.1], { data: digits }))).toMatchObject({
      difference: null,
      outside: null,
    });
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

describe('the headline', () => {
  const headline = (...made: MadeRecord[]) => {
    const [benchmark] = summaryOf(...made).benchmarks;
    const claims = claimsOf(benchmark);
    return {
      text: headlineOf(benchmark, claims),
      verdicts: claims.map(({ verdict }) => verdict),
      cautions: cautionsOf(benchmark),
    };
  };

  test('a lead beyond the deviations is a lead', () => {
    const { text, verdicts, cautions } = headline(
      ...trials('cnn-33', [0.9, 0.91, 0.92]),
      ...trials('cnn-unsharp-32', [0.7, 0.71, 0.72]),
    );
    expect(verdicts[0]).toBe('outside');
    expect(text).toMatch(/^MNIST: CNN, unsharp 32 errs least on clean images/);
    expect(cautions).toEqual([]);
  });

  test('a lead within them is not decided', () => {
    const { text, verdicts } = headline(
      ...trials('cnn-33', [0.7, 0.8, 0.9]),
      ...trials('cnn-unsharp-32', [0.69, 0.79, 0.89]),
    );
    expect(verdicts[0]).toBe('within');
    expect(text).toContain('nothing decided');
  });

  test('one trial decides nothing, whatever the lead', () => {
    const { text, verdicts, cautions } = headline(
      ...trials('cnn-33', [5]),
      ...trials('cnn-unsharp-32', [0.7]),
    );
    expect(verdicts[0]).toBe('single');
    expect(text).toContain('nothing decided');
    expect(cautions[0]).toContain('single trial');
  });

  test('level errors share the lead, and one variant alone leads nobody', () => {
    expect(headline(...trials('cnn-33', [0.8]), ...trials('cnn-wide', [0.8])).verdicts[0]).toBe('tie');
    expect(headline({}).text).toBe('MNIST: CNN, conv 33 alone, with a test error of 0.85 %');
  });

  test('says where the comparison with the paper limps', () => {
    const { cautions } = headline({ training: { epochs: 1 }, data: { train: 5000 } });
    expect(cautions.at(-1)).toBe(
      'Not like for like with the paper: trained on 5,000 of the paper’s 54,000 images; trained for 1 epoch where the paper has 300.',
    );
  });
});

describe('the terminal’s table', () => {
  test('has the paper’s value beside each, decimal points in a column', () => {
    const lines = terminalTable(
      summaryOf(...trials('cnn-33', [0.8, 0.7, 0.9]), ...trials('cnn-wide', [10, 11, 12])),
    ).split('\n');
    const [wide, conv] = lines.slice(2);
    expect(wide).toContain('11.00 ± 1.00');
    expect(wide).toContain('1.00 ± 0.09');
    expect(conv).toContain('0.80 ± 0.10');
    expect(conv).toContain('0.85 ± 0.11');
    expect(wide.indexOf('.')).toBe(conv.indexOf('.'));
    expect(lines.join('')).not.toContain('\u001b');
  });

  test('lets no label steer the terminal', () => {
    const text = terminalTable(summaryOf({ data: { id: 'x', label: 'evil\u001b[2J' } }));
    expect(text).not.toContain('\u001b');
    expect(text).toContain('Not like for like');
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

describe('tellingStrength', () => {
  const curve = (...points: [strength: number, mean: number][]) =>
    points.map(([strength, mean]) => ({ strength, error: spread([mean]) }));

  test('is the strongest at which some model is clearly better than guessing', () => {
    expect(tellingStrength([curve([0, 2], [0.1, 40], [0.2, 97]), curve([0, 1], [0.1, 95], [0.2, 79])])).toBe(
      0.2,
    );
    expect(tellingStrength([curve([0, 2], [0.1, 40], [0.2, 85])])).toBe(0.1);
  });

  test('is the weakest above 0 where all only guess, and none where nothing was measured', () => {
    expect(tellingStrength([curve([0, 2], [0.1, 99], [0.2, 100])])).toBe(0.1);
    expect(tellingStrength([curve([0, 2])])).toBeNull();
    expect(tellingStrength([])).toBeNull();
  });
});
