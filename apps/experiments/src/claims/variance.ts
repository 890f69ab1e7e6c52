import type { ActivationVarianceRecord, RunRecord } from '@weightmap/core';
import { paperDatasetLabels, type PaperDataset } from '../paper-values.js';
import { alternatingPairs, cnnPairs, deepPairs } from './_baselines.js';
import { uniqueNeeds, verdictOf } from './_compared.js';
import { correlationOf } from './_correlation.js';
import { intervalOf } from './_interval.js';
import { comparable, figuresOf, type Comparable } from './_trials.js';
import type { Claim, Evidence, Missing, Need } from './claim.js';
import { evidenceOf, LEAST_TRIALS, longName } from './comparison.js';
import { noiseError, type Measure } from './measures.js';

/** A weight map network and the convolutional one that it is held against. */
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

/** The sides of equation 5 agree but for rounding: a hundredth is far more than that, and far less than a wrong weight. */
const EQUATION_MARGIN = 0.01;

type Amplified = ActivationVarianceRecord & {
  clean: { amplification: { measured: number; predicted: number } };
};

const amplified = ({ activationVariance }: RunRecord): Amplified[] =>
  activationVariance.filter(
    (layer): layer is Amplified =>
      (layer.clean.amplification?.predicted ?? 0) > 0 && layer.clean.amplification!.measured > 0,
  );

const mean = (values: readonly number[]): number | null =>
  values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : null;

/** Measured over predicted amplification, minus 1, of the layer where that is furthest from 0. */
const equationError: Measure = {
  label: 'amplification of the variance (eq. 5)',
  unit: '',
  of: (record) =>
    amplified(record)
      .map(({ clean: { amplification } }) => amplification.measured / amplification.predicted - 1)
      .sort((a, b) => Math.abs(b) - Math.abs(a))[0] ?? null,
};

/** Natural logarithm of the measured amplification, averaged over the weight map layers. */
const logAmplification: Measure = {
  label: 'amplification of the variance (eq. 5)',
  unit: '',
  of: (record) => mean(amplified(record).map(({ clean }) => Math.log(clean.amplification.measured))),
};

/** Natural logarithm of the variance's gain, averaged over the feature layers: what convolutions have as well. */
const logGain: Measure = {
  label: 'gain of the variance',
  unit: '',
  of: ({ activationVariance }) =>
    mean(activationVariance.flatMap(({ clean: { gain } }) => (gain ? [Math.log(gain)] : []))),
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
 * The claim on equation 5: that it describes the layers as they are, and that networks which amplify more are more
 * robust to noise; the latter among the weight maps (by equation 5) and against the convolutions (by the gain).
 */
export const varianceClaim: Claim = {
  id: 'C12',
  statement:
    'Multiplying by w scales the variance of the features by w² (equation 5), and the more a network amplifies, the more robust it is to uniform noise.',
  source: 'section 5, equation 5',
  needs,
  test(records) {
    const trials = comparable(records);
    return verdictOf(
      [
        ...allPairs.map((pair) => equationEvidence(pair, trials)),
        association('its amplification (eq. 5)', trials, ({ dataset, variant }) =>
          averageOf(figuresOf(trials, { dataset, variant, measure: logAmplification })),
        ),
        association('its gain of variance over the baseline’s', trials, ({ dataset, variant, baseline }) =>
          averageDifference(trials, dataset, logGain, variant, baseline),
        ),
      ],
      missingOf(trials),
    );
  },
};

function equationEvidence({ dataset, variant }: Pair, trials: Comparable): Evidence {
  const errors = [...figuresOf(trials, { dataset, variant, measure: equationError }).values()];
  return evidenceOf(
    `measured over predicted amplification − 1: ${longName(variant)} on ${paperDatasetLabels[dataset]}`,
    { is: 'same', margin: EQUATION_MARGIN },
    '',
    intervalOf(errors),
  );
}

interface Average {
  readonly value: number;
  readonly n: number;
}

const averageOf = (figures: ReadonlyMap<string, number>): Average | null => {
  const value = mean([...figures.values()]);
  return value === null ? null : { value, n: figures.size };
};

function averageDifference(
  trials: Comparable,
  dataset: PaperDataset,
  measure: Measure,
  variant: string,
  baseline: string,
): Average | null {
  const [ours, theirs] = [variant, baseline].map((one) =>
    figuresOf(trials, { dataset, variant: one, measure }),
  );
  const both = new Map(
    [...ours].flatMap(([trial, figure]) => (theirs.has(trial) ? [[trial, figure - theirs.get(trial)!]] : [])),
  );
  return averageOf(both);
}

/** Whether a figure of the networks goes with how much less than their baselines they err under noise. */
function association(figure: string, trials: Comparable, of: (pair: Pair) => Average | null): Evidence {
  const networks = allPairs.flatMap((pair) => {
    const { dataset, variant, baseline } = pair;
    const x = of(pair);
    const rise = averageDifference(trials, dataset, noise, variant, baseline);
    const group = `${dataset}/${variant.split('-')[0]}`;
    return x && rise ? [{ group, x: x.value, y: -rise.value, n: Math.min(x.n, rise.n) }] : [];
  });
  const n = networks.length > 0 ? Math.min(...networks.map((network) => network.n)) : 0;
  const correlation = correlationOf(networks);
  const isWide = correlation === null || n < LEAST_TRIALS;
  return evidenceOf(
    `correlation of the logarithm of ${figure} with how much less a network errs under noise than its baseline, within each dataset and architecture: ${networks.length} of ${allPairs.length} networks`,
    { is: 'above' },
    '',
    {
      difference: correlation?.r ?? null,
      low: isWide ? null : correlation.low,
      high: isWide ? null : correlation.high,
      n: correlation ? n : 0,
      covers: 'networks',
    },
  );
}

function missingOf(trials: Comparable): Missing[] {
  return needs.flatMap((need) => {
    const measure = measures.find(({ label }) => label === need.measure)!;
    const figures = figuresOf(trials, { ...need, measure }).size;
    if (figures >= LEAST_TRIALS) return [];
    const count = trials.of(need.dataset, need.variant).length;
    const reason = count === 0 ? 'no record' : figures === 0 ? 'not in its records' : 'one trial';
    return [{ ...need, trials: figures, reason }];
  });
}
