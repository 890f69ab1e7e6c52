import { randomStream, type RunRecord } from '@weightmap/core';
import { describe, expect, test } from 'vitest';
import { correlationOf } from '../src/claims/_correlation.js';
import { fillCommand } from '../src/claims/fill-command.js';
import { claims, verify, type ClaimResult } from '../src/claims/index.js';
import { meanHeight } from '../src/claims/measures.js';
import { paperRows } from '../src/paper-values.js';
import { presets } from '../src/plan/presets.js';
import { isWeightMap, paperLikeGrid } from './make-grid.js';
import { makeRecord } from './make-record.js';

const claim = (id: string) => claims.find((one) => one.id === id)!;
const ids = claims.map(({ id }) => id);
const grid = paperLikeGrid(3);

/** The records with some changed; their cells stay as they are. */
const changed = (
  which: (record: RunRecord) => boolean,
  change: (record: RunRecord) => Partial<RunRecord>,
  records = grid,
) => records.map((record) => (which(record) ? { ...record, ...change(record) } : record));

const isOn =
  (dataset: string, ...variants: string[]) =>
  ({ cell }: RunRecord) =>
    cell.dataset.id === dataset && variants.includes(cell.variant);

const shiftNoise =
  (points: number, from = 0, to = 1) =>
  ({ noise }: RunRecord) => ({
    noise: noise.map(({ beta, errorPercent }) => ({
      beta,
      errorPercent: errorPercent + (beta > from && beta <= to ? points : 0),
    })),
  });
const shiftFgsm =
  (points: number) =>
  ({ fgsm }: RunRecord) => ({
    fgsm: fgsm.map(({ epsilon, errorPercent }) => ({
      epsilon,
      errorPercent: errorPercent + (epsilon > 0 ? points : 0),
    })),
  });
const errorBecomes =
  (percent: number) =>
  ({ cell }: RunRecord) => ({
    testErrorPercent: percent + 0.001 * cell.trial,
  });

/** For each claim, a world in which one of its comparisons goes the other way, and which one. */
const otherwise: Record<string, { records: RunRecord[]; found: RegExp }> = {
  C1: {
    records: changed(isOn('mnist', 'cnn-wide'), errorBecomes(0.5)),
    found: /conv wide − CNN, conv 33: test error on MNIST/,
  },
  C2: {
    // Batch norm helps both, the convolutions by far more.
    records: changed(isOn('mnist', 'cnn-33-batchnorm'), errorBecomes(0.4)),
    found: /smoothing 32 \+ BN − CNN, conv 33 \+ BN/,
  },
  C3: {
    records: changed(isOn('mnist', 'cnn-smooth-32-k9'), errorBecomes(0.6)),
    found: /smoothing 32, 9×9 − CNN, smoothing 32/,
  },
  C4: {
    records: changed(isOn('mnist', 'densenet-unsharp'), shiftNoise(12)),
    found: /DenseNet, unsharp − DenseNet, conv: mean error under uniform noise on MNIST/,
  },
  C5: {
    records: changed(isOn('cifar10', 'densenet-alternating-unsharp'), shiftNoise(12, 0.5, 1)),
    found: /DenseNet, alternating unsharp − DenseNet, conv.*upper half/,
  },
  C6: {
    records: changed(isOn('iwildcam', 'resnet-alternating-smoothing'), shiftNoise(-12)),
    found: /ResNet, alternating smoothing − ResNet, conv/,
  },
  C7: {
    records: changed(isOn('mnist', 'resnet-unsharp'), shiftFgsm(-8)),
    found: /ResNet, unsharp − ResNet, conv: mean error under FGSM/,
  },
  C8: {
    records: changed(isOn('cifar10', 'densenet-alternating-smoothing'), shiftFgsm(20)),
    found: /mean of DenseNet, alternating smoothing and DenseNet, alternating unsharp/,
  },
  C9: {
    records: changed(isOn('iwildcam', 'resnet-alternating-unsharp'), shiftFgsm(9)),
    found: /ResNet, alternating unsharp − ResNet, conv/,
  },
  C10: {
    records: changed(isOn('mnist', 'cnn-unsharp-32'), ({ gradCamSharpness }) => ({
      gradCamSharpness: gradCamSharpness.map((row) => ({
        ...row,
        background: { ...row.background!, mean: 0.9 },
      })),
    })),
    found: /unsharp 32 − CNN, conv 33: share of Grad-CAM on the background/,
  },
  C11: {
    records: changed(isOn('iwildcam', 'resnet-alternating-unsharp'), errorBecomes(30)),
    found: /ResNet, alternating unsharp − ResNet, conv: test error on iWildCam/,
  },
  C12: {
    // A layer that amplifies otherwise than equation 5 has it.
    records: changed(isOn('cifar10', 'resnet-alternating-unsharp'), ({ activationVariance }) => ({
      activationVariance: activationVariance.map((layer) => ({
        ...layer,
        clean: { ...layer.clean, amplification: { ...layer.clean.amplification!, measured: 5 } },
      })),
    })),
    found: /measured over predicted amplification − 1: ResNet, alternating unsharp on CIFAR-10/,
  },
};

describe('every claim', () => {
  test('there are twelve, each with a source, a statement and its needs', () => {
    expect(ids).toEqual(Array.from({ length: 12 }, (_, i) => `C${i + 1}`));
    for (const { needs, source, statement } of claims) {
      expect(needs.length).toBeGreaterThan(0);
      expect(source).toMatch(/^section \d/);
      expect(statement.length).toBeGreaterThan(40);
      for (const { dataset, variant } of needs)
        expect(paperRows.some((row) => row.dataset === dataset && row.variant === variant)).toBe(true);
    }
  });

  test.each(ids)('%s is supported where all is as the paper says', (id) => {
    const { verdict, evidence, missing, reason } = claim(id).test(grid);
    expect(evidence.filter(({ outcome }) => outcome !== 'agrees')).toEqual([]);
    expect({ verdict, missing }).toEqual({ verdict: 'supported', missing: [] });
    expect(reason).toContain(`each of ${evidence.length}`);
    expect(Math.min(...evidence.map(({ n }) => n))).toBe(3);
  });

  test.each(ids)('%s is contradicted where one of its comparisons goes the other way', (id) => {
    const { verdict, evidence, reason } = claim(id).test(otherwise[id].records);
    expect(verdict).toBe('contradicted');
    const against = evidence.filter(({ outcome }) => outcome === 'disagrees');
    expect(against.map(({ what }) => what).join('\n')).toMatch(otherwise[id].found);
    expect(reason).toMatch(new RegExp(`^${against.length} of ${evidence.length} comparisons`));
    for (const { direction } of against) expect(direction).toBe(false);
    for (const { outcome, lead } of evidence)
      expect(
        { agrees: lead! > 1, open: lead === null || Math.abs(lead) <= 1, disagrees: lead! < -1 }[outcome],
      ).toBe(true);
  });

  test.each(ids)('%s is undecided after one trial, whichever way it points', (id) => {
    for (const [records, points] of [
      [grid, 'as claimed'],
      [otherwise[id].records, 'otherwise'],
    ] as const) {
      const { verdict, evidence, reason, missing } = claim(id).test(
        records.filter(({ trial }) => trial === 1),
      );
      expect(verdict).toBe('undecided');
      expect(evidence.every(({ low, high }) => low === null && high === null)).toBe(true);
      expect(reason).toContain('on one trial');
      if (points === 'as claimed') expect(evidence.every(({ direction }) => direction)).toBe(true);
      else expect(evidence.some(({ direction }) => direction === false)).toBe(true);
      expect(missing.every((one) => one.reason === 'one trial' && one.trials === 1)).toBe(true);
      expect(missing.length).toBeGreaterThan(0);
    }
  });

  test.each(ids)('%s is undecided where trials contradict each other', (id) => {
    // Every second trial is from the other world, so that no interval is on one side.
    const torn = grid.map((record, i) => (record.trial === 2 ? otherwise[id].records[i] : record));
    const { verdict, evidence, missing } = claim(id).test(torn);
    expect(verdict).toBe('undecided');
    expect(evidence.some(({ outcome, n }) => outcome === 'open' && n === 3)).toBe(true);
    expect(missing).toEqual([]);
  });

  test.each(ids)('%s names every row that it lacks', (id) => {
    const { needs } = claim(id);
    const nothing = claim(id).test([]);
    expect(nothing.verdict).toBe('undecided');
    expect(nothing.missing.map(keyOf).sort()).toEqual(needs.map(keyOf).sort());
    expect(nothing.missing.every(({ reason, trials }) => reason === 'no record' && trials === 0)).toBe(true);
    expect(nothing.reason).toContain('no results');

    const { dataset, variant } = needs[0];
    const but = claim(id).test(grid.filter((record) => !isOn(dataset, variant)(record)));
    expect(but.verdict).toBe('undecided');
    expect(but.missing.map(keyOf).sort()).toEqual(
      needs
        .filter((need) => need.dataset === dataset && need.variant === variant)
        .map(keyOf)
        .sort(),
    );
  });
});

const keyOf = ({
  dataset,
  variant,
  measure,
}: ClaimResult['missing'][number] | (typeof claims)[0]['needs'][0]) => `${dataset}/${variant}/${measure}`;

describe('what is compared', () => {
  const c1 = (records: RunRecord[]) => claim('C1').test(records).evidence[0];
  /** Trials of both sides of C1's first comparison, with these errors. */
  const sides = (smoothing: readonly number[], conv: readonly number[]) => [
    ...smoothing.map((testErrorPercent, i) =>
      makeRecord({ variant: 'cnn-smooth-32', trial: i + 1, testErrorPercent }),
    ),
    ...conv.map((testErrorPercent, i) => makeRecord({ variant: 'cnn-33', trial: i + 1, testErrorPercent })),
  ];

  test('differences of the same trial, with Student’s interval, by hand', () => {
    // Differences −1, −2, −3: mean −2, deviation 1; t(0.975, 2) = 4.302653, so ± 4.302653/√3 = 2.484138.
    const { difference, low, high, n, covers, lead } = c1(sides([1, 2, 3], [2, 4, 6]));
    expect(difference).toBeCloseTo(-2, 12);
    expect(low).toBeCloseTo(-4.484138, 5);
    expect(high).toBeCloseTo(0.484138, 5);
    expect(n).toBe(3);
    expect(covers).toBe('trials');
    expect(lead).toBeCloseTo(2 / 2.484138, 5);
  });

  test('trials that agree on a small test set are no certainty', () => {
    const small = sides([1, 1], [2, 2]).map(({ variant, trial, testErrorPercent }) =>
      makeRecord({ variant, trial, testErrorPercent, data: { test: 100 } }),
    );
    // Steps of 1: deviation 1/√6 = 0.408248, t(0.975, 1) = 12.7062, ± 12.7062 · 0.408248/√2 = 3.667966.
    const { difference, low, high, outcome } = c1(small);
    expect(difference).toBe(-1);
    expect(low).toBeCloseTo(-4.667966, 4);
    expect(high).toBeCloseTo(2.667966, 4);
    expect(outcome).toBe('open');
    // On ten thousand images the step is a hundredth.
    expect(c1(sides([1, 1], [2, 2]))).toMatchObject({ outcome: 'agrees' });
  });

  test('a trial that one side lacks takes no part', () => {
    expect(c1(sides([1, 2, 90], [2, 4]))).toMatchObject({ n: 2, difference: -1.5 });
  });

  test('trials of other seeds are no pairs', () => {
    const [smooth, conv] = [
      [1, 2].map((trial) => makeRecord({ variant: 'cnn-smooth-32', trial, seed: 10 + trial })),
      [1, 2].map((trial) => makeRecord({ variant: 'cnn-33', trial, seed: 20 + trial })),
    ];
    const { evidence, missing } = claim('C1').test([...smooth, ...conv]);
    expect(evidence[0]).toMatchObject({ n: 0, difference: null, outcome: 'open', direction: null });
    expect(missing.map(({ reason }) => reason).join()).toContain('other seeds');
  });

  test('only records of the same conditions, those of the most epochs', () => {
    const short = sides([1, 1.1, 1.2], [9, 9.1, 9.2]).map(({ variant, trial, testErrorPercent }) =>
      makeRecord({ variant, trial, testErrorPercent, training: { epochs: 3 } }),
    );
    const long = sides([5, 5.1], [4, 4.1]);
    expect(c1([...short, ...long])).toMatchObject({ n: 2, outcome: 'disagrees' });
    expect(verify([...short, ...long]).leftAside).toBe(6);
  });

  test('records of other images do not count', () => {
    const digits = sides([1, 1.1], [2, 2.1]).map(({ variant, trial, testErrorPercent }) =>
      makeRecord({ variant, trial, testErrorPercent, data: { id: 'digits', label: 'digits' } }),
    );
    expect(c1(digits)).toMatchObject({ n: 0, difference: null });
  });

  test('a figure that records don’t hold is named as such', () => {
    const bare = changed(isOn('mnist', 'cnn-33'), () => ({ gradCamSharpness: [] }));
    const { verdict, missing } = claim('C10').test(bare);
    expect(verdict).toBe('undecided');
    expect(missing.map(({ variant, reason }) => `${variant}: ${reason}`)).toEqual(
      Array<string>(3).fill('cnn-33: not in its records'),
    );
  });

  test('“about the same” holds within the margin alone, and fails beyond it alone', () => {
    // The margin is the paper's larger deviation of the two rows: 0.10.
    const levels = (error: number) =>
      claim('C2').test(
        changed(isOn('mnist', 'cnn-smooth-32-batchnorm'), ({ cell }) => ({
          testErrorPercent: error + 0.001 * cell.trial,
        })),
      ).evidence[2];
    expect(levels(0.73)).toMatchObject({ expected: 'within ±0.1', outcome: 'agrees' });
    expect(levels(0.83).outcome).toBe('open');
    expect(levels(0.9).outcome).toBe('disagrees');
    expect(levels(0.5).outcome).toBe('disagrees');
  });

  test('amplification that goes with less robustness contradicts C12', () => {
    const reversed = changed(
      ({ cell }) => isWeightMap(cell.variant),
      ({ activationVariance }) => ({
        activationVariance: activationVariance.map((layer) => {
          const { measured, predicted } = layer.clean.amplification!;
          return {
            ...layer,
            clean: { ...layer.clean, amplification: { measured: 1 / measured, predicted: 1 / predicted } },
          };
        }),
      }),
    );
    const { verdict, evidence } = claim('C12').test(reversed);
    expect(verdict).toBe('contradicted');
    expect(evidence.find(({ what }) => what.startsWith('correlation'))).toMatchObject({
      outcome: 'disagrees',
      n: 3,
    });
  });
});

describe('verify', () => {
  test('says where the records fall short of the paper’s protocol', () => {
    const at = (records: RunRecord[]) =>
      Object.fromEntries(verify(records).claims.map((one) => [one.id, one.at]));
    expect(new Set(Object.values(at(grid)))).toEqual(new Set([null]));
    const short = at([
      makeRecord({ training: { epochs: 3 }, data: { train: 5000 } }),
      makeRecord({
        variant: 'resnet-conv',
        training: { epochs: 30 },
        data: { id: 'cifar10', train: 45_000 },
      }),
    ]);
    expect(short.C1).toBe('at 3 epochs on a subset');
    expect(short.C8).toBe('at 30 epochs');
    expect(short.C6).toBeNull();
    const jpeg = { id: 'cifar10', label: 'CIFAR-10 (JPEG)', train: 900, test: 100 };
    expect(at([makeRecord({ variant: 'resnet-conv', data: jpeg })]).C8).toBe(
      'on a subset of CIFAR-10 (JPEG)',
    );
    expect(short.C11).toBe('MNIST at 3 epochs on a subset and CIFAR-10 at 30 epochs');
  });
});

describe('the mean height of a curve', () => {
  const points = [
    [0.3, 50],
    [0, 1],
    [0.1, 10],
    [0.2, 20],
    [0.5, 90],
  ] as const;

  test('is its area over its length, by hand, without strength 0', () => {
    // Trapezoids over [0.1, 0.5]: 0.1·15 + 0.1·35 + 0.2·70 = 19; 19 / 0.4.
    expect(meanHeight(points, 'all')).toBeCloseTo(47.5, 12);
    expect(meanHeight(points, 'low')).toBeCloseTo(15, 12);
    expect(meanHeight(points, 'high')).toBeCloseTo(70, 12);
  });

  test('the middle of an odd number is in neither half', () => {
    expect(meanHeight(points.slice(0, 4), 'low')).toBe(10);
    expect(meanHeight(points.slice(0, 4), 'high')).toBe(50);
  });

  test('of one strength it is the error there, and of none there is none', () => {
    expect(meanHeight([[0.1, 10]], 'all')).toBe(10);
    expect(meanHeight([[0.1, 10]], 'low')).toBeNull();
    expect(meanHeight([[0, 10]], 'all')).toBeNull();
  });
});

describe('correlation within groups', () => {
  test('is Pearson’s of the deviations from the groups’ means, with Fisher’s interval', () => {
    const points = [
      ...[1, 2, 3, 4].map((x, i) => ({ group: 'a', x, y: [2, 1, 4, 3][i] })),
      // Far off in both: without groups this would decide.
      ...[101, 102, 103].map((x, i) => ({ group: 'b', x, y: [-100, -98, -99][i] })),
    ];
    // a: Σxy = 3, Σx² = 5, Σy² = 5; b: Σxy = 1, Σx² = 2, Σy² = 2. r = 4/7; 7 points, 2 groups: 1/√3.
    const { r, low, high } = correlationOf(points)!;
    expect(r).toBeCloseTo(4 / 7, 12);
    expect(low).toBeCloseTo(Math.tanh(Math.atanh(4 / 7) - 1.959964 / Math.sqrt(3)), 6);
    expect(high).toBeCloseTo(Math.tanh(Math.atanh(4 / 7) + 1.959964 / Math.sqrt(3)), 6);
  });

  test('is none of too few points, or of points that don’t vary', () => {
    const line = (n: number, y: (x: number) => number) =>
      Array.from({ length: n }, (_, x) => ({ group: 'a', x, y: y(x) }));
    expect(correlationOf(line(4, (x) => x))).toBeNull();
    expect(correlationOf(line(5, (x) => x))?.r).toBeCloseTo(1, 12);
    expect(correlationOf(line(9, () => 1))).toBeNull();
  });
});

describe('the command that fills the gaps', () => {
  const fill = (records: RunRecord[], run = 'runs/x') => fillCommand(records, verify(records).claims, run);
  const command = (records: RunRecord[], run?: string) => fill(records, run)?.command ?? null;

  test('is the paper’s protocol where there is nothing', () => {
    // The input-scale row is in no claim.
    expect(command([])).toBe(
      "weightmap run paper --select 'cnn-wide,cnn-33,cnn-33-batchnorm,cnn-33-k9,cnn-smooth-32,cnn-smooth-32-batchnorm,cnn-smooth-32-k9,cnn-unsharp-32,resnet-*,densenet-*' --out runs/x",
    );
  });

  test('is none where nothing is missing', () => {
    expect(command(grid)).toBeNull();
  });

  test('keeps the conditions of the records: preset, epochs, seed', () => {
    const { training, evaluation } = presets.standard;
    const seed = randomStream(7, 'trial', 1).seed();
    const records = [
      makeRecord({ ...{ training: { ...training, epochs: 5 }, evaluation, seed }, variant: 'cnn-33' }),
    ];
    const text = command(records, "it's here")!;
    expect(text).toMatch(
      /^weightmap run standard --select '[^']+' --epochs 5 --seed 7 --out 'it'\\''s here'$/,
    );
  });

  test('names the rows that are missing, and the dataset if it is one of several', () => {
    const { training, evaluation } = presets.standard;
    const made = paperLikeGrid(3).map(({ cell, trial }) =>
      makeRecord({
        ...{ variant: cell.variant, trial, seed: randomStream(1, 'trial', trial).seed() },
        data: cell.dataset,
        ...{ training, evaluation },
      }),
    );
    const but = made.filter((record) => !isOn('iwildcam', 'resnet-conv')(record));
    expect(command(but)).toBe('weightmap run standard --select resnet-conv --dataset iwildcam --out runs/x');
    expect(command(made.filter((record) => !isOn('mnist', 'cnn-wide')(record)))).toBe(
      'weightmap run standard --select cnn-wide --out runs/x',
    );
  });

  test('makes more trials where nothing is missing and intervals leave it open', () => {
    const { training, evaluation } = presets.paper;
    const torn = paperLikeGrid(3).map((record, i) => ({
      ...(record.trial === 2 ? otherwise.C1.records[i] : record),
      seed: randomStream(1, 'trial', record.trial).seed(),
      cell: { ...record.cell, training: { ...training, augmentation: 'none' as const }, evaluation },
    }));
    expect(fill(torn)).toEqual({
      of: 'trials',
      command:
        'weightmap run paper --select cnn-wide,cnn-33,cnn-smooth-32,cnn-unsharp-32 --trials 6 --out runs/x',
    });
  });

  test('is none for records that no preset makes', () => {
    expect(command([makeRecord({ evaluation: { betas: [0.123] } })])).toBeNull();
  });
});
