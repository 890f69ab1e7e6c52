import { randomStream } from '@weightmap/core';
import { studentQuantile } from '@weightmap/metrics';
import { defendedVariant, type RunRecord } from '@weightmap/records';
import { describe, expect, test } from 'vitest';
import { correlationOf } from '../src/claims/_correlation.js';
import { judge } from '../src/claims/_interval.js';
import { holm } from '../src/model/statistics.js';
import { crossingOf } from '../src/claims/comparison.js';
import { claims, powerRows, verify, type ClaimResult } from '../src/claims/index.js';
import { trialsFor } from '../src/claims/power.js';
import { paperRow, paperRows } from '../src/paper-values.js';
import { isWeightMap, makeRecord, type MadeRecord } from '@weightmap/test-utils/records';
import { paperLikeGrid } from './_grid.js';

const claim = (id: string) => claims.find((one) => one.id === id)!;
const ids = claims.map(({ id }) => id);
/** Trials that are enough for every claim, with the paper's own deviations. */
const ENOUGH = 25;
const grid = paperLikeGrid(ENOUGH);
/** As many trials as the paper has. */
const three = paperLikeGrid(3);

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
  (points: number, to = 1) =>
  ({ fgsm }: RunRecord) => ({
    fgsm: fgsm.map(({ epsilon, errorPercent }) => ({
      epsilon,
      errorPercent: errorPercent + (epsilon > 0 && epsilon <= to ? points : 0),
    })),
  });
const shiftError =
  (points: number) =>
  ({ testErrorPercent }: RunRecord) => ({ testErrorPercent: testErrorPercent + points });

type World = (records: RunRecord[]) => RunRecord[];

/** For each claim, a world in which one of its comparisons goes the other way, and which one. */
const otherwise: Record<string, { world: World; found: RegExp }> = {
  C1: {
    world: (records) => changed(isOn('mnist', 'cnn-wide'), shiftError(-0.5), records),
    found: /conv wide − CNN, conv 33: test error on MNIST/,
  },
  C2: {
    // Batch norm helps both, the convolutions by far more.
    world: (records) => changed(isOn('mnist', 'cnn-33-batchnorm'), shiftError(-0.4), records),
    found: /smoothing 32 \+ BN − CNN, conv 33 \+ BN/,
  },
  C3: {
    world: (records) => changed(isOn('mnist', 'cnn-smooth-32-k9'), shiftError(-0.28), records),
    found: /smoothing 32, 9×9 − CNN, smoothing 32/,
  },
  C4: {
    world: (records) => changed(isOn('mnist', 'densenet-unsharp'), shiftNoise(15), records),
    found: /DenseNet, unsharp − DenseNet, conv: mean error under uniform noise on MNIST/,
  },
  C5: {
    world: (records) =>
      changed(isOn('cifar10', 'densenet-alternating-unsharp'), shiftNoise(15, 0.5, 1), records),
    found: /DenseNet, alternating unsharp − DenseNet, conv: error under the strongest informative/,
  },
  C6: {
    world: (records) => changed(isOn('iwildcam', 'resnet-alternating-smoothing'), shiftNoise(-14), records),
    found: /ResNet, alternating smoothing − ResNet, conv/,
  },
  C7: {
    world: (records) => changed(isOn('mnist', 'resnet-unsharp'), shiftFgsm(-8), records),
    found: /ResNet, unsharp − ResNet, conv: mean error under FGSM/,
  },
  C8: {
    world: (records) => changed(isOn('cifar10', 'densenet-alternating-smoothing'), shiftFgsm(20), records),
    found: /mean of DenseNet, alternating smoothing and DenseNet, alternating unsharp/,
  },
  C9: {
    world: (records) => changed(isOn('iwildcam', 'resnet-alternating-unsharp'), shiftFgsm(9), records),
    found: /ResNet, alternating unsharp − ResNet, conv/,
  },
  C10: {
    world: (records) =>
      changed(
        isOn('mnist', 'cnn-unsharp-32'),
        ({ gradCamSharpness }) => ({
          gradCamSharpness: gradCamSharpness.map((row) => ({
            ...row,
            background: { ...row.background!, mean: row.background!.mean + 0.6 },
          })),
        }),
        records,
      ),
    found: /unsharp 32 − CNN, conv 33: share of Grad-CAM on the background/,
  },
  C11: {
    world: (records) => changed(isOn('iwildcam', 'resnet-alternating-unsharp'), shiftError(10), records),
    found: /ResNet, alternating unsharp − ResNet, conv: test error on iWildCam/,
  },
  C12: {
    // What amplifies more is less robust.
    world: (records) =>
      changed(
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
        records,
      ),
    found: /correlation of the logarithm of its amplification/,
  },
  C13: {
    world: (records) => changed(isOn('mnist', 'cnn-33-batchnorm'), shiftNoise(-9), records),
    found: /conv 33 \+ BN − CNN, conv 33: mean error under uniform noise/,
  },
  C14: {
    world: (records) =>
      changed(
        ({ cell }) => cell.dataset.id === 'mnist' && /^cnn-(smooth|unsharp)/.test(cell.variant),
        shiftNoise(15),
        records,
      ),
    found: /CNN, .* − CNN, conv 33.*: mean error under uniform noise on MNIST/,
  },
  C15: {
    world: (records) => changed(isOn('mnist', 'cnn-33-input-scale'), shiftFgsm(-9), records),
    found: /conv 33 \+ scale − CNN, conv 33: mean error under FGSM/,
  },
};

describe('every claim', () => {
  test('there are fifteen, each with a source, a statement and its needs', () => {
    expect(ids).toEqual(Array.from({ length: 15 }, (_, i) => `C${i + 1}`));
    for (const { needs, source, statement } of claims) {
      expect(needs.length).toBeGreaterThan(0);
      expect(source).toMatch(/^section \d/);
      expect(statement.length).toBeGreaterThan(40);
      for (const { dataset, variant } of needs)
        expect(paperRows.some((row) => row.dataset === dataset && row.variant === variant)).toBe(true);
    }
  });

  test('the world is the paper’s: its means and its deviations', () => {
    for (const { dataset, variant, testErrorPercent, plusMinus } of paperRows) {
      const errors = three.filter(isOn(dataset, variant)).map((record) => record.testErrorPercent);
      const mean = errors.reduce((sum, error) => sum + error, 0) / 3;
      const squares = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0);
      expect(mean).toBeCloseTo(testErrorPercent, 10);
      expect(Math.sqrt(squares / 2)).toBeCloseTo(plusMinus, 10);
    }
  });

  test.each(ids)('%s is supported where everything is as the paper says', (id) => {
    const { verdict, evidence, missing, reason } = claim(id).test(grid);
    expect(evidence.filter(({ outcome }) => outcome !== 'agrees')).toEqual([]);
    expect({ verdict, missing }).toEqual({ verdict: 'supported', missing: [] });
    expect(reason).toContain(`${evidence.length} of ${evidence.length} comparisons agree, 0 disagree`);
    expect(Math.min(...evidence.map(({ n }) => n))).toBe(ENOUGH);
  });

  test('in that world, the paper’s three trials leave C1, C2, C3 and C11 undecided', () => {
    for (const id of ['C1', 'C2', 'C3', 'C11']) expect(claim(id).test(three).verdict).toBe('undecided');
  });

  test.each(ids)('%s is contradicted where one of its comparisons goes the other way', (id) => {
    const { verdict, evidence, reason } = claim(id).test(otherwise[id].world(grid));
    expect(verdict).toBe('contradicted');
    const against = evidence.filter(({ outcome }) => outcome === 'disagrees');
    expect(against.map(({ what }) => what).join('\n')).toMatch(otherwise[id].found);
    expect(reason).toContain(`${against.length} disagree`);
    for (const { direction, against: p } of against) {
      expect(direction).toBe(false);
      expect(p).toBeLessThanOrEqual(0.025);
    }
    for (const { outcome, lead } of evidence)
      expect(
        { agrees: lead! > 1, inconclusive: lead === null || Math.abs(lead) <= 1, disagrees: lead! < -1 }[
          outcome
        ],
      ).toBe(true);
  });

  test.each(ids)('%s is undecided after one trial, whichever way it points', (id) => {
    for (const world of [(records: RunRecord[]) => records, otherwise[id].world]) {
      const { verdict, evidence, reason, missing } = claim(id).test(
        world(three)
          .filter(({ trial }) => trial === 1)
          .map((record) => record),
      );
      expect(verdict).toBe('undecided');
      expect(evidence.every(({ low, high, lead }) => low === null && high === null && lead === null)).toBe(
        true,
      );
      expect(reason).toContain('one trial and so no interval');
      expect(missing.every((one) => one.reason === '1 of 3 trials' && one.trials === 1)).toBe(true);
      expect(missing.length).toBeGreaterThan(0);
    }
  });

  test.each(ids)('%s is undecided where trials, or networks, contradict each other', (id) => {
    // One of three trials is from the other world, so that no interval is on one side; of C12, every second network.
    const other = otherwise[id].world(three);
    const torn = three.map((record, i) =>
      (id === 'C12' ? i % 2 === 0 : record.trial === 2) ? other[i] : record,
    );
    const { verdict, evidence, missing } = claim(id).test(torn);
    expect(verdict).toBe('undecided');
    expect(evidence.some(({ outcome, n }) => outcome === 'inconclusive' && n === 3)).toBe(true);
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
    // One other variant may be enough for “at least one”.
    if (id !== 'C14') expect(but.verdict).not.toBe('supported');
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

/** Records of the whole protocol on a dataset, each trial with the same curves. */
const records = (
  dataset: 'mnist' | 'cifar10' | 'iwildcam',
  trials: number,
  curvesOf: (
    variant: string,
    shake: number,
  ) => { noise?: (beta: number) => number; fgsm?: (epsilon: number) => number },
) => {
  const images = { mnist: [54_000, 10_000], cifar10: [45_000, 10_000], iwildcam: [7_000, 1_000] }[dataset];
  const betas = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
  const epsilons = [0, 2 / 255, 4 / 255, 8 / 255, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3];
  // Evenly spaced with a sample deviation of 1.
  const steps = Array.from({ length: trials }, (_, i) => i - (trials - 1) / 2);
  const deviation = Math.sqrt(steps.reduce((sum, step) => sum + step ** 2, 0) / (trials - 1));
  return paperRows
    .filter((row) => row.dataset === dataset)
    .flatMap(({ variant }) =>
      steps.map((step, i) => {
        const { noise, fgsm } = curvesOf(variant, step / deviation);
        return makeRecord({
          ...{ variant, trial: i + 1 },
          data: { id: dataset, train: images[0], test: images[1] },
          evaluation: { betas, epsilons },
          noise: betas.map((beta) => ({ beta, errorPercent: noise?.(beta) ?? 50 })),
          fgsm: epsilons.map((epsilon) => ({ epsilon, errorPercent: fgsm?.(epsilon) ?? 50 })),
        });
      }),
    );
};

describe('curves are compared where networks can be told apart', () => {
  /** A curve that reaches chance at ε = .05, as those of CIFAR-10 and iWildCam do. */
  const saturated = (epsilon: number) => Math.min(90, 40 + 900 * epsilon);

  test.each(['C7', 'C8', 'C9'])('17 points at every ε ≤ 8/255 decide %s', (id) => {
    const dataset = ({ C7: 'mnist', C8: 'cifar10', C9: 'iwildcam' } as const)[id]!;
    const world = records(dataset, 5, (variant, shake) => ({
      fgsm: (epsilon) =>
        saturated(epsilon) +
        (epsilon > 0 && epsilon <= 8 / 255 ? 2 * shake + (isWeightMap(variant) ? 17 : 0) : 0),
    }));
    const { verdict, evidence } = claim(id).test(world);
    expect(verdict).toBe('contradicted');
    const resnet = evidence.find(({ what }) => /ResNet.* − ResNet, conv: mean/.test(what))!;
    // Over 2/255, 4/255 and 8/255: at .05 all are at chance.
    expect(resnet.range).toBe('mean over ε 2/255–8/255');
    expect(resnet.difference).toBeCloseTo(17, 8);
  });

  test('a network at 26 % under FGSM at 8/255 is not poor', () => {
    const good = records('iwildcam', 5, (variant, shake) => ({
      fgsm: (epsilon) => (variant === 'resnet-conv' && epsilon <= 8 / 255 ? 26 : 80) + shake,
    }));
    const { evidence } = claim('C9').test(good);
    const poor = evidence.filter(({ what }) => what.includes('− 50 %: error under FGSM at ε = 8/255'));
    expect(poor.map(({ what, outcome }) => `${what.split(' −')[0]} ${outcome}`)).toEqual([
      'ResNet, conv disagrees',
      ...['ResNet, alternating smoothing', 'ResNet, alternating unsharp'].map((name) => `${name} agrees`),
      ...['conv', 'alternating smoothing', 'alternating unsharp'].map((name) => `DenseNet, ${name} agrees`),
    ]);
    expect(poor[0].difference).toBeCloseTo(-24, 8);
  });

  test('nothing is decided where every network only guesses', () => {
    const { verdict, evidence } = claim('C6').test(
      records('iwildcam', 5, (_, shake) => ({ noise: () => 85 + shake })),
    );
    expect(verdict).toBe('undecided');
    for (const { difference, note } of evidence) {
      expect(difference).toBeNull();
      expect(note).toBe('no strength β at which a network is more than 10 points better than chance');
    }
  });

  test('every strength has the same weight', () => {
    const { evidence } = claim('C7').test(
      records('mnist', 5, (variant, shake) => ({
        // Informative at all nine strengths; the variants differ at the weakest alone.
        fgsm: (epsilon) => 40 + shake + (variant === 'cnn-unsharp-32' && epsilon === 2 / 255 ? 9 : 0),
      })),
    );
    const unsharp = evidence.find(({ what }) => what.startsWith('CNN, unsharp 32'))!;
    expect(unsharp.difference).toBeCloseTo(1, 8);
    expect(unsharp.range).toBe('mean over ε 2/255–0.3');
  });
});

describe('C5: curves that cross anywhere', () => {
  const crossing = (at: number | null, trials: number, slope = 12) =>
    records('cifar10', trials, (variant, shake) => ({
      noise: (beta) => {
        const over = variant === 'resnet-alternating-smoothing' ? 6 : at === null ? 6 : slope * (at - beta);
        return 30 + 30 * beta + shake + (isWeightMap(variant) ? over : 0);
      },
    }));

  test.each([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])(
    'at β = %d as claimed: never contradicted',
    (at) => {
      for (const trials of [3, 25]) {
        const { verdict, evidence } = claim('C5').test(crossing(at, trials));
        expect(evidence.filter(({ outcome }) => outcome === 'disagrees')).toEqual([]);
        expect(verdict).not.toBe('contradicted');
        if (trials === 25 && at >= 0.2) expect(verdict).toBe('supported');
        // The trials of a pair differ by the same: the place is exact.
        const { note } = evidence[1];
        expect(note).toBe(
          `the curves cross at β ${at.toFixed(2)} [${at.toFixed(2)}, ${at.toFixed(2)}], in ${trials} of ${trials} trials`,
        );
      }
    },
  );

  test('below the weakest noise: not worse there, and said so', () => {
    const { evidence } = claim('C5').test(crossing(0.05, 25, 40));
    expect(evidence[0]).toMatchObject({ outcome: 'inconclusive', direction: false });
    expect(evidence[0].note).toBe('the curves cross below β 0.1: clean images are as claimed');
  });

  test('worse at every strength, or better on clean images too: contradicted', () => {
    expect(claim('C5').test(crossing(null, 25)).verdict).toBe('contradicted');
    expect(claim('C5').test(crossing(-0.2, 25)).verdict).toBe('contradicted');
  });

  test('the place is linear between strengths, the first from above to below', () => {
    const curve = (...errors: number[]) =>
      errors.map((errorPercent, i) => ({ strength: i / 10, errorPercent }));
    // Differences 3, 1, −3, 2, −1.
    const place = crossingOf(curve(13, 11, 7, 12, 9), curve(10, 10, 10, 10, 10), [0, 0.1, 0.2, 0.3, 0.4]);
    expect(place).toBeCloseTo(0.1 + 0.1 / 4, 12);
    expect(crossingOf(curve(1, 2), curve(2, 3), [0, 0.1])).toBeNull();
  });
});

describe('yardsticks', () => {
  test('C4’s exception disagrees where the others would agree: better by 1.50 [1.49, 1.51]', () => {
    const world = records('mnist', 3, (variant, shake) => ({
      noise: () => 40 + 0.003 * shake - (variant === 'resnet-smoothing' ? 1.5 : isWeightMap(variant) ? 6 : 0),
    }));
    const { evidence } = claim('C4').test(world);
    const exception = evidence.find(({ what }) => what.startsWith('ResNet, smoothing −'))!;
    expect(exception).toMatchObject({ expected: 'not below 0', outcome: 'disagrees', direction: false });
    expect([exception.low, exception.difference, exception.high].map((end) => end!.toFixed(2))).toEqual([
      ...['-1.51', '-1.50', '-1.49'],
    ]);
    expect(evidence.filter(({ outcome }) => outcome === 'agrees').length).toBe(11);
  });

  test('“no better” includes “the same”, and excludes what is better', () => {
    const of = (value: number) => {
      const estimate = { value, standardError: 0.1, freedom: 10 };
      const { agrees, against } = judge({ is: 'not below', margin: 2 }, estimate);
      return [agrees, against.p < 0.025];
    };
    expect(of(5)).toEqual([true, false]);
    expect(of(0)).toEqual([true, false]);
    expect(of(-0.1)).toEqual([true, false]);
    expect(of(-1)).toEqual([false, true]);
    expect(of(-3)).toEqual([false, true]);
  });

  test('“about the same” holds within the margin alone, and fails beyond it alone', () => {
    // The margin is the paper's larger deviation of the two rows: 0.10.
    const levels = (shift: number) =>
      claim('C2').test(changed(isOn('mnist', 'cnn-smooth-32-batchnorm'), shiftError(shift))).evidence[2];
    expect(levels(0.03)).toMatchObject({ expected: 'within ±0.1', outcome: 'agrees' });
    expect(levels(0.13).outcome).toBe('inconclusive');
    expect(levels(0.25).outcome).toBe('disagrees');
    expect(levels(-0.25).outcome).toBe('disagrees');
  });
});

describe('several comparisons', () => {
  test('Holm, by hand', () => {
    // .01·3, .02·2 → .04, .04·1 → .04.
    expect(holm([0.04, 0.01, 0.02])).toEqual([0.04, 0.03, 0.04]);
    expect(holm([0.5, 0.9])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });

  test('a true claim is rarely contradicted: all networks alike, 150 runs of three trials', () => {
    const RUNS = 150;
    const random = randomStream(1, 'alike');
    const contradicted = new Map(ids.map((id) => [id, 0]));
    let uncorrected = 0;
    for (let run = 0; run < RUNS; run++) {
      const draws = random.normals(4 * three.length);
      const alike = three.map((record, i): RunRecord => {
        const [error, noise, fgsm, map] = draws.subarray(4 * i, 4 * i + 4);
        const figure = { mean: 0.4 + 0.04 * map, sd: 0.1, n: 1000 };
        return {
          ...record,
          testErrorPercent: 20 + error,
          noise: record.noise.map(({ beta }) => ({ beta, errorPercent: 40 + noise })),
          fgsm: record.fgsm.map(({ epsilon }) => ({ epsilon, errorPercent: 60 + fgsm })),
          gradCamSharpness: [
            { ...record.gradCamSharpness[0], hoyer: figure, entropy: figure, background: figure },
          ],
        };
      });
      for (const id of ids.filter((one) => one !== 'C12')) {
        const { verdict, evidence } = claim(id).test(alike);
        if (verdict === 'contradicted') contradicted.set(id, contradicted.get(id)! + 1);
        const isBeyond = evidence.some(({ expected, low, high }) =>
          expected === 'below 0' ? low! > 0 : high! < 0,
        );
        if (id === 'C4' && isBeyond) uncorrected++;
      }
    }
    // 2.5 %, and three standard errors.
    const limit = 0.025 + 3 * Math.sqrt((0.025 * 0.975) / RUNS);
    for (const [id, times] of contradicted)
      expect(times / RUNS, `${id} contradicted in ${times} of ${RUNS}`).toBeLessThan(limit);
    // Without the correction, C4's twelve intervals contradict far more often.
    expect(uncorrected / RUNS).toBeGreaterThan(0.05);
  });

  test('“at least one” needs more than the lowest of several that are alike', () => {
    const of = (shift: number) => {
      const world = records('mnist', 10, (variant, shake) => ({
        noise: () => 40 + 2 * shake + (variant === 'cnn-unsharp-32' ? shift : 0),
      }));
      return claim('C14').test(world).evidence[0];
    };
    // Welch: ± t(0.975, 18)·2·√(2/10) = 1.88 alone, and with 0.025/4 on each side more.
    const half = studentQuantile(1 - 0.025 / 4, 18) * 2 * Math.sqrt(0.2);
    expect(half).toBeGreaterThan(2.4);
    expect(of(-2.2)).toMatchObject({ outcome: 'inconclusive', direction: true });
    const agrees = of(-half - 0.1);
    expect(agrees).toMatchObject({ outcome: 'agrees', expected: 'below 0 for at least one of 4' });
    expect(agrees.what).toContain('CNN, unsharp 32 − CNN, conv 33');
    expect(agrees.high).toBeCloseTo(-0.1, 6);
  });
});

describe('what is compared', () => {
  const c1 = (made: RunRecord[]) => claim('C1').test(made).evidence[0];
  /** Trials of both sides of C1's first comparison, with these errors. */
  const sides = (smoothing: readonly number[], conv: readonly number[]) => [
    ...smoothing.map((testErrorPercent, i) =>
      makeRecord({ variant: 'cnn-smooth-32', trial: i + 1, testErrorPercent }),
    ),
    ...conv.map((testErrorPercent, i) => makeRecord({ variant: 'cnn-33', trial: i + 1, testErrorPercent })),
  ];

  test('means of independent trials, with Welch’s interval, by hand', () => {
    // Means 2 and 4, variances 1 and 4: 1/3 + 4/3 = 5/3; (5/3)²/((1/3)²/2 + (4/3)²/2) = 2.941176; t(0.975) = 3.2209.
    const { difference, low, high, n, covers, lead } = c1(sides([1, 2, 3], [2, 4, 6]));
    const half = studentQuantile(0.975, 50 / 17) * Math.sqrt(5 / 3);
    expect(half).toBeCloseTo(4.158, 2);
    expect(difference).toBeCloseTo(-2, 12);
    expect(low).toBeCloseTo(-2 - half, 8);
    expect(high).toBeCloseTo(-2 + half, 8);
    expect(n).toBe(3);
    expect(covers).toBe('trials');
    expect(lead).toBeCloseTo(2 / half, 8);
  });

  test('the same seed does not make a pair: the order of the trials changes nothing', () => {
    expect(c1(sides([1, 2, 3], [2, 4, 6]))).toEqual(c1(sides([3, 1, 2], [2, 4, 6])));
  });

  test('trials that agree on a small test set are no certainty', () => {
    // iWildCam's test images: steps of 0.1, a variance of 0.1²/12 for each side.
    const alike = ['resnet-conv', 'resnet-alternating-smoothing'].flatMap((variant, side) =>
      [1, 2].map((trial) =>
        makeRecord({
          ...{ variant, trial, testErrorPercent: 20 + 0.1 * side },
          data: { id: 'iwildcam', train: 7000, test: 1000 },
        }),
      ),
    );
    const found = claim('C11')
      .test(alike)
      .evidence.find(({ what }) =>
        what.includes('ResNet, alternating smoothing − ResNet, conv: test error on iW'),
      )!;
    const half = studentQuantile(0.975, 2) * Math.sqrt(2 * (0.01 / 12 / 2));
    expect(found.low).toBeCloseTo(0.1 - half, 8);
    expect(found.outcome).toBe('inconclusive');
    // On ten thousand images the step is a hundredth.
    expect(c1(sides([1, 1], [2, 2]))).toMatchObject({ outcome: 'agrees' });
  });

  test('nothing is decided before every trial of the run is there', () => {
    const early = c1(sides([1, 1.01, 1.02], [4, 4.01]));
    expect(early).toMatchObject({ n: 2, outcome: 'inconclusive', direction: true });
    expect(early.note).toBe('waits for the other trials of the run: 2 of 3');
    const { missing } = claim('C1').test(sides([1, 1.01, 1.02], [4, 4.01]));
    expect(missing[0]).toMatchObject({ variant: 'cnn-33', trials: 2, of: 3, reason: '2 of 3 trials' });
    expect(c1(sides([1, 1.01, 1.02], [4, 4.01, 4.02])).outcome).toBe('agrees');
  });

  test('only records of the same conditions, those of the most epochs', () => {
    const short = sides([1, 1.1, 1.2], [9, 9.1, 9.2]).map(({ variant, trial, testErrorPercent }) =>
      makeRecord({ variant, trial, testErrorPercent, training: { epochs: 30 } }),
    );
    const long = sides([5, 5.001], [4, 4.001]);
    expect(c1([...short, ...long])).toMatchObject({ n: 2, outcome: 'disagrees' });
    expect(verify([...short, ...long])).toMatchObject({ leftAside: 6, evidenceCount: 4 });
  });

  test.each<[string, MadeRecord['data'], MadeRecord['evaluation'], MadeRecord['training']?]>([
    [
      'trained on 5,000 of the paper’s 54,000 images and tested on 1,000 of 10,000 images',
      { train: 5000, test: 1000 },
      {},
    ],
    ['tested on 9,700 of 10,000 images', { test: 9700 }, {}],
    ['noise and FGSM measured on 500 images', {}, { robustnessImages: 500 }],
    ['trained for 9 epochs', {}, {}, { epochs: 9 }],
    ['images of digits, which the paper did not use', { id: 'digits', label: 'digits' }, {}],
  ])('is no evidence: %s', (reason, data, evaluation, training) => {
    const made = sides([1, 1.01, 1.02], [4, 4.01, 4.02]).map(({ variant, trial, testErrorPercent }) =>
      makeRecord({ variant, trial, testErrorPercent, data, evaluation, training }),
    );
    expect(c1(made)).toMatchObject({ n: 0, difference: null, outcome: 'inconclusive' });
    expect(verify(made)).toMatchObject({ evidenceCount: 0, notEvidence: [{ reason, records: 6 }] });
  });

  test('a few images that could not be read are no subset', () => {
    const made = sides([1, 1.01, 1.02], [4, 4.01, 4.02]).map(({ variant, trial, testErrorPercent }) =>
      makeRecord({ variant, trial, testErrorPercent, data: { train: 53_900, test: 9_990 } }),
    );
    expect(c1(made).outcome).toBe('agrees');
  });

  test('a figure that records don’t hold is named as such', () => {
    const bare = changed(isOn('mnist', 'cnn-33'), () => ({ gradCamSharpness: [] }));
    const { verdict, missing } = claim('C10').test(bare);
    expect(verdict).toBe('undecided');
    expect(missing.map(({ variant, reason }) => `${variant}: ${reason}`)).toEqual(
      Array<string>(3).fill('cnn-33: not in its records'),
    );
  });

  test('C10 says on how many images it rests, where many maps are empty', () => {
    const empty = (left: number) =>
      changed(isOn('mnist', 'cnn-unsharp-32'), ({ gradCamSharpness }) => ({
        gradCamSharpness: gradCamSharpness.map((row) => ({
          ...row,
          empty: 1000 - left,
          hoyer: { ...row.hoyer!, n: left },
        })),
      }));
    const noteOf = (left: number) => claim('C10').test(empty(left)).evidence[3].note;
    expect(noteOf(840)).toBe('rests on 84 % of the images: the maps of the others are empty');
    expect(noteOf(900)).toBeNull();
  });

  test('C12 rests on amplification and robustness alone, not on equation 5', () => {
    // A layer that amplifies otherwise than equation 5 says is no matter of this claim.
    const broken = changed(isOn('cifar10', 'resnet-alternating-unsharp'), ({ activationVariance }) => ({
      activationVariance: activationVariance.map((layer) => ({
        ...layer,
        clean: {
          ...layer.clean,
          amplification: { ...layer.clean.amplification!, predicted: 99 },
        },
      })),
    }));
    const { verdict, evidence } = claim('C12').test(broken);
    expect({ verdict, comparisons: evidence.length }).toEqual({ verdict: 'supported', comparisons: 2 });
    for (const { what } of evidence) expect(what).toMatch(/^correlation of the logarithm of/);
  });
});

describe('power', () => {
  /** What a reviewer's own simulation gave at n = 10 and 20, by percentiles of paired differences. */
  test('few of the paper’s claims are decided by three trials', () => {
    const shares = (id: string) => [3, 10, 20].map((trials) => claim(id).power(trials).share);
    for (const [id, three, ten, twenty] of [
      ['C1', 0, 0.2, 0.57],
      ['C2', 0, 0.23, 0.7],
      ['C3', 0.09, 0.9, 1],
      ['C11', 0, 0.04, 0.43],
    ] as const) {
      const [a, b, c] = shares(id);
      for (const [found, expected] of [
        [a, three],
        [b, ten],
        [c, twenty],
      ])
        expect(Math.abs(found - expected), `${id} ${found} ${expected}`).toBeLessThan(0.06);
    }
    expect(claim('C1').power(3).basis).toBe('the paper’s means and deviations');
    expect(claim('C1').power(1).share).toBe(0);
  });

  test('is the share of simulated records that the claim itself calls supported', () => {
    const RUNS = 300;
    const random = randomStream(2, 'power by records');
    const rows = claim('C3').needs.map(({ dataset, variant }) => paperRow(dataset, variant)!);
    const unique = [...new Set(rows)];
    let supported = 0;
    for (let run = 0; run < RUNS; run++) {
      const made = unique.flatMap(({ variant, testErrorPercent, plusMinus }) =>
        Array.from(random.normals(5), (z, i) =>
          makeRecord({ variant, trial: i + 1, testErrorPercent: testErrorPercent + plusMinus * z }),
        ),
      );
      if (claim('C3').test(made).verdict === 'supported') supported++;
    }
    const { share } = claim('C3').power(5);
    // Four standard errors of 300 runs.
    expect(Math.abs(supported / RUNS - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / RUNS));
  });

  test('says what is assumed where the paper prints nothing, and uses a measured deviation', () => {
    const { basis, share } = claim('C6').power(3);
    expect(basis).toBe(
      'a difference of 5 points where one is claimed, a deviation of 2 between trials (assumed)',
    );
    const calm = claim('C6').power(3, { 'mean error under uniform noise': 0.5 });
    expect(calm.basis).toBe(
      'a difference of 5 points where one is claimed (assumed), a deviation of 0.5 between trials (measured)',
    );
    expect(calm.share).toBeGreaterThan(share + 0.5);
    // The world has a deviation of two points, as assumed.
    expect(claim('C6').test(three).deviations['mean error under uniform noise']).toBeCloseTo(2, 8);
    expect(claim('C6').test(three.filter(({ trial }) => trial < 3)).deviations).toEqual({});
  });

  test('is printed for 3, 5 and 10 trials, with the number that gives 80 %', () => {
    const rows = powerRows(verify([]).claims);
    expect(rows.map(({ id }) => id)).toEqual(ids);
    for (const { powers, enough } of rows) {
      expect(powers.map(({ trials }) => trials)).toEqual([3, 5, 10]);
      const [three, five, ten] = powers.map(({ share }) => share);
      expect(three).toBeLessThanOrEqual(five + 0.02);
      expect(five).toBeLessThanOrEqual(ten + 0.02);
      expect(enough).toBeGreaterThan(2);
    }
    expect(trialsFor((trials) => trials / 100)).toBe(80);
    expect(trialsFor(() => 0.5)).toBeNull();
  });
});

describe('verify', () => {
  test('says where the records fall short of the paper’s protocol', () => {
    const at = (made: RunRecord[]) => Object.fromEntries(verify(made).claims.map((one) => [one.id, one.at]));
    expect(new Set(Object.values(at(three)))).toEqual(new Set([null]));
    const short = at([
      makeRecord({ training: { epochs: 20 } }),
      makeRecord({
        variant: 'resnet-conv',
        training: { epochs: 30 },
        data: { id: 'cifar10', train: 45_000 },
      }),
    ]);
    expect(short.C1).toBe('at 20 epochs');
    expect(short.C8).toBe('at 30 epochs');
    expect(short.C6).toBeNull();
    const jpeg = { id: 'cifar10', label: 'CIFAR-10 (JPEG)', train: 45_000 };
    expect(at([makeRecord({ variant: 'resnet-conv', data: jpeg })]).C8).toBe('on CIFAR-10 (JPEG)');
    expect(short.C11).toBe('MNIST at 20 epochs and CIFAR-10 at 30 epochs');
  });

  test('names the power of as many trials as there are', () => {
    const of = (made: RunRecord[]) => verify(made).claims[2].power;
    expect(of(three)).toMatchObject({ trials: 3, share: claim('C3').power(3).share });
    expect(of(grid)).toMatchObject({ trials: ENOUGH });
    expect(of([])).toMatchObject({ trials: 3 });
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
    const { r, z, standardError } = correlationOf(points)!;
    expect(r).toBeCloseTo(4 / 7, 12);
    expect(z).toBeCloseTo(Math.atanh(4 / 7), 12);
    expect(standardError).toBeCloseTo(1 / Math.sqrt(3), 12);
  });

  test('is none of too few points, or of points that don’t vary', () => {
    const line = (n: number, y: (x: number) => number) =>
      Array.from({ length: n }, (_, x) => ({ group: 'a', x, y: y(x) }));
    expect(correlationOf(line(4, (x) => x))).toBeNull();
    expect(correlationOf(line(5, (x) => x))?.r).toBeCloseTo(1, 12);
    expect(correlationOf(line(9, () => 1))).toBeNull();
  });
});

test('networks with a defence enter no claim, whatever their errors, and are counted as none', () => {
  const defense = { id: 'pgd-training', options: { epsilon: 0.3 } };
  const defended = three.map(({ cell, trial }) =>
    makeRecord({
      defense,
      variant: defendedVariant(cell.variant, defense, defense.options),
      architecture: cell.architecture,
      data: cell.dataset,
      evaluation: cell.evaluation,
      trial,
      // More epochs than the plain ones, which would be preferred.
      training: { ...cell.training, epochs: cell.training.epochs + 1 },
      testErrorPercent: 50,
    }),
  );
  const alone = verify(three);
  const { notEvidence, ...together } = verify([...three, ...defended]);
  expect(together).toEqual({ ...alone, notEvidence: undefined });
  expect(notEvidence).toEqual([
    { records: defended.length, reason: expect.stringContaining('with a defence') as string },
    ...alone.notEvidence,
  ]);
});
