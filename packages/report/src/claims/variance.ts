import { randomStream } from '@weightmap/core';
import type { ActivationVarianceRecord, RunRecord } from '@weightmap/records';
import type { PaperDataset } from '../paper-values.js';
import { alternatingPairs, cnnPairs, deepPairs } from './_baselines.js';
import { uniqueNeeds, verdictOf } from './_compared.js';
import { correlationOf, type Correlation } from './_correlation.js';
import { expectationText, judge, TAIL } from './_interval.js';
import { comparable, type Comparable } from './_trials.js';
import type { Claim, Missing, Need } from './claim.js';
import { informativeOf, LEAST_TRIALS, wantedTrials, type Compared } from './comparison.js';
import { noiseError, type Measure } from './measures.js';
import { architectureOf } from '../variant-names.js';
import { meanOf } from '../model/statistics.js';

/** A weight map network and the convolutional one that it is compared with. */
interface Pair {
  readonly dataset: PaperDataset;
  readonly variant: string;
  readonly baseline: string;
}

const pairsOn = (dataset: PaperDataset, pairs: readonly (readonly [string, string])[]): Pair[] =>
  pairs.map(([variant, baseline]) => ({ dataset, variant, baseline }));

const deep = ['resnet', 'densenet'] as const;

/** Every weight map network of the paper. */
const allPairs: readonly Pair[] = [
  ...pairsOn('mnist', [...cnnPairs, ...deep.flatMap(deepPairs)]),
  ...pairsOn('cifar10', deep.flatMap(alternatingPairs)),
  ...pairsOn('iwildcam', deep.flatMap(alternatingPairs)),
];

const groupOf = ({ dataset, variant }: Pair): string => `${dataset}/${architectureOf(variant)}`;

type Amplified = ActivationVarianceRecord & {
  clean: { amplification: { measured: number; predicted: number } };
};

const amplified = ({ activationVariance }: RunRecord): Amplified[] =>
  activationVariance.filter((layer): layer is Amplified => (layer.clean.amplification?.measured ?? 0) > 0);

const mean = (values: readonly number[]): number | null => (values.length > 0 ? meanOf(values) : null);

/** Assumed between networks of one architecture, for power: none is used but the correlation. */
const unused = { difference: 0, deviation: 0 };

/** Natural logarithm of the measured amplification, averaged over the weight map layers. */
const logAmplification: Measure = {
  label: 'amplification of the variance (eq. 5)',
  unit: '',
  of: (record) => mean(amplified(record).map(({ clean }) => Math.log(clean.amplification.measured))),
  assumed: unused,
};

/** Natural logarithm of the variance's gain, averaged over the feature layers: convolutions have it as well. */
const logGain: Measure = {
  label: 'gain of the variance',
  unit: '',
  of: ({ activationVariance }) =>
    mean(activationVariance.flatMap(({ clean: { gain } }) => (gain ? [Math.log(gain)] : []))),
  assumed: unused,
};

const noise = noiseError();

const needs: readonly Need[] = uniqueNeeds(
  allPairs.flatMap(({ dataset, variant, baseline }) => [
    { dataset, variant, measure: logAmplification.label },
    ...[variant, baseline].flatMap((one) =>
      [noise, logGain].map(({ label }) => ({ dataset, variant: one, measure: label })),
    ),
  ]),
);

const measures = [logAmplification, noise, logGain];

/**
 * The claim on equation 5's part in robustness: networks that amplify more are more robust to noise; among the weight maps
 * (by equation 5) and against the convolutions (by the gain). That a product with w scales a variance by w² is arithmetic, no
 * evidence: it is tested where it is measured, in `@weightmap/metrics`.
 */
export const varianceClaim: Claim = {
  id: 'C12',
  statement:
    'The more a network amplifies the variance of its features (equation 5), the more robust it is to uniform noise.',
  source: 'section 5, equation 5',
  needs,
  test(records) {
    const trials = comparable(records);
    const compared = [
      association('its amplification (eq. 5)', trials, ({ dataset, variant }) =>
        averageOf(trials.of(dataset, variant), logAmplification),
      ),
      association('its gain of variance over the baseline’s', trials, ({ dataset, variant, baseline }) =>
        averageDifference(trials, { dataset, variant, baseline }, logGain),
      ),
    ];
    const [first, ...others] = compared;
    return {
      ...verdictOf([{ ...first, missing: missingOf(trials) }, ...others]),
      deviations: {},
    };
  },
  power: (trials) => ({ trials, share: trials < LEAST_TRIALS ? 0 : powerOf(trials), basis: POWER_BASIS }),
};

interface Average {
  readonly value: number;
  readonly n: number;
}

function averageOf(
  records: readonly RunRecord[],
  measure: Measure,
  strengths: readonly number[] = [],
): Average | null {
  const figures = records
    .map((record) => measure.of(record, strengths))
    .filter((figure): figure is number => figure !== null);
  const value = mean(figures);
  return value === null ? null : { value, n: figures.length };
}

/** Of the means over the trials; of curves, over the strengths at which the two networks can be compared. */
function averageDifference(
  trials: Comparable,
  { dataset, variant, baseline }: Pair,
  measure: Measure,
): Average | null {
  const sides = [variant, baseline].map((one) => trials.of(dataset, one));
  const strengths = measure.curve ? informativeOf(measure.curve, sides) : [];
  const [ours, theirs] = sides.map((records) => averageOf(records, measure, strengths));
  return ours && theirs ? { value: ours.value - theirs.value, n: Math.min(ours.n, theirs.n) } : null;
}

/** Whether a figure of the networks goes with how much lower their error under noise is than their baselines'. */
function association(
  figure: string,
  trials: Comparable,
  of: (pair: Pair) => Average | null,
): Omit<Compared, 'samples'> {
  const networks = allPairs.flatMap((pair) => {
    const x = of(pair);
    const rise = averageDifference(trials, pair, noise);
    const n = x && rise ? Math.min(x.n, rise.n) : 0;
    const isComplete = n >= wantedTrials(trials, pair.dataset);
    return x && rise ? [{ group: groupOf(pair), x: x.value, y: -rise.value, n, isComplete }] : [];
  });
  const n = networks.length > 0 ? Math.min(...networks.map((network) => network.n)) : 0;
  const correlation = correlationOf(networks);
  const judged =
    correlation && n >= LEAST_TRIALS
      ? judge(
          { is: 'above' },
          { value: correlation.z, standardError: correlation.standardError, freedom: Infinity },
        )
      : null;
  const isComplete = networks.length === allPairs.length && networks.every((network) => network.isComplete);
  return {
    evidence: {
      what: `correlation of the logarithm of ${figure} with how much lower a network’s error under noise is than its baseline’s, within each dataset and architecture`,
      expected: expectationText({ is: 'above' }),
      range: null,
      difference: correlation?.r ?? null,
      low: judged ? Math.tanh(judged.low) : null,
      high: judged ? Math.tanh(judged.high) : null,
      unit: '',
      n: correlation ? n : 0,
      covers: 'networks',
      direction: correlation && correlation.r > 0,
      note: `${networks.length} of ${allPairs.length} networks`,
    },
    judgement: judged && isComplete ? judged : null,
    missing: [],
  };
}

function missingOf(trials: Comparable): Missing[] {
  return needs.flatMap((need) => {
    const measure = measures.find(({ label }) => label === need.measure)!;
    const records = trials.of(need.dataset, need.variant);
    const { curve } = measure;
    const figures = curve
      ? records.filter((record) => curve.pointsOf(record).length > 0).length
      : (averageOf(records, measure)?.n ?? 0);
    const wanted = wantedTrials(trials, need.dataset);
    if (figures >= wanted) return [];
    const reason =
      records.length === 0
        ? 'no record'
        : figures === 0
          ? 'not in its records'
          : `${figures} of ${wanted} trials`;
    return [{ ...need, trials: figures, of: wanted, reason }];
  });
}

/** Assumed for the power: correlation of the true figures, and the trials' variance as a share of the networks'. */
const ASSUMED_CORRELATION = 0.8;
const TRIAL_VARIANCE = 0.25;
const POWER_BASIS = `true correlations of ${ASSUMED_CORRELATION} within each dataset and architecture, and a variance between trials of ${TRIAL_VARIANCE} of that between networks (assumed)`;
const SIMULATIONS = 500;

const powers = new Map<number, number>();

/** The share of simulated sets of networks in which both correlations are above 0, interval and all. */
function powerOf(trials: number): number {
  const known = powers.get(trials);
  if (known !== undefined) return known;
  const random = randomStream(1, 'power', 'C12', trials);
  const noiseOf = Math.sqrt(TRIAL_VARIANCE / trials);
  const rest = Math.sqrt(1 - ASSUMED_CORRELATION ** 2);
  let supported = 0;
  for (let i = 0; i < SIMULATIONS; i++) {
    const draws = random.normals(6 * allPairs.length);
    const points = allPairs.map((pair, at) => {
      const [truth, ...own] = draws.subarray(6 * at, 6 * at + 6);
      const [robustness, ...figures] = [
        truth + noiseOf * own[0],
        ASSUMED_CORRELATION * truth + rest * own[1] + noiseOf * own[2],
        ASSUMED_CORRELATION * truth + rest * own[3] + noiseOf * own[4],
      ];
      return { group: groupOf(pair), y: robustness, figures };
    });
    const isAbove = [0, 1].every((which) =>
      isPositive(correlationOf(points.map(({ group, y, figures }) => ({ group, y, x: figures[which] })))),
    );
    if (isAbove) supported++;
  }
  powers.set(trials, supported / SIMULATIONS);
  return supported / SIMULATIONS;
}

const isPositive = (correlation: Correlation | null): boolean =>
  correlation !== null &&
  judge(
    { is: 'above' },
    { value: correlation.z, standardError: correlation.standardError, freedom: Infinity },
    TAIL,
  ).agrees;
