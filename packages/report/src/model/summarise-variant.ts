import type { LayerVariance, RunRecord, StoredRecord } from '@weightmap/records';
import { groupBy } from '../group-by.js';
import { paperProtocol, paperRow } from '../paper-values.js';
import { variantName } from '../variant-names.js';
import { isEvidence, likeForLike, type Conditions } from './likeness.js';
import { spread, welch, type Spread } from './statistics.js';
import type {
  Comparison,
  CurvePoint,
  LayerSummary,
  SharpnessSummary,
  VarianceSummary,
  VariantSummary,
} from './summary.js';

/** All trials of one variant, made under these conditions, as means and deviations. */
export function summariseVariant(
  trials: readonly StoredRecord[],
  conditions: Conditions,
): Omit<VariantSummary, 'meanError'> {
  const stored = [...trials].sort((a, b) => a.record.cell.trial - b.record.cell.trial);
  const records = stored.map(({ record }) => record);
  const { variant, architecture } = records[0].cell;
  const testError = spread(records.map((record) => record.testErrorPercent));
  return {
    variant,
    architecture,
    name: variantName(variant, records[0].cell.names),
    stored,
    parameters: records[0].parameters,
    flops: records.find(({ flops }) => flops)?.flops ?? null,
    unmeasured: unmeasuredIn(records),
    testError,
    noise: curve(
      records.flatMap(({ noise }) => noise.map(({ beta, errorPercent }) => [beta, errorPercent] as const)),
    ),
    fgsm: curve(
      records.flatMap(({ fgsm }) =>
        fgsm.map(({ epsilon, errorPercent }) => [epsilon, errorPercent] as const),
      ),
    ),
    histories: records.map(({ cell, selectedEpoch, history }) => ({
      trial: cell.trial,
      selectedEpoch,
      epochs: history,
    })),
    sharpness: sharpnessOf(records),
    variance: varianceOf(records),
    paper: compare(variant, testError, conditions),
  };
}

/** `FLOPs (trials 1, 2): There is no rule …`: a line for each figure and reason. */
function unmeasuredIn(records: readonly RunRecord[]): string[] {
  const rows = records.flatMap(({ cell, missing = [], metricNames = {} }) =>
    missing.map(({ figure, reason }) => ({
      trial: cell.trial,
      text: [figureNames[figure] ?? metricNames[figure]?.label ?? figure, reason] as const,
    })),
  );
  return [...groupBy(rows, ({ text }) => text.join(': ')).values()].map((group) => {
    const [{ text }] = group;
    const trials = group.map(({ trial }) => trial).join(', ');
    return `${text[0]} (${group.length === 1 ? 'trial' : 'trials'} ${trials}): ${text[1]}`;
  });
}

/** The figures with a field of their own in a record. */
const figureNames: Readonly<Record<string, string>> = {
  flops: 'FLOPs',
  activationVariance: 'activation variance',
  gradCam: 'pictures of Grad-CAM',
  gradCamSharpness: 'sharpness of Grad-CAM',
};

function compare(variant: string, testError: Spread, conditions: Conditions): Comparison | null {
  const { paperDataset, sameData, caveats } = likeForLike(conditions);
  const row = paperDataset === null ? undefined : paperRow(paperDataset, variant);
  if (!row) return null;
  if (!sameData || !isEvidence(conditions))
    return { row, difference: null, interval: null, isDifferent: null };
  const difference = testError.mean - row.testErrorPercent;
  const theirs = { n: paperProtocol.trials, mean: row.testErrorPercent, sd: row.plusMinus };
  const interval =
    caveats.length > 0 ? null : welch({ ...testError, step: 100 / conditions.dataset.test }, theirs);
  return {
    row,
    difference,
    interval: interval && { low: interval.low, high: interval.high },
    isDifferent: interval && (interval.low > 0 || interval.high < 0),
  };
}

/** The errors of several trials at each strength, in the order of the strengths. */
export function curve(points: readonly (readonly [strength: number, errorPercent: number])[]): CurvePoint[] {
  return [...groupBy(points, ([strength]) => String(strength)).values()]
    .map((group) => ({ strength: group[0][0], error: spread(group.map(([, error]) => error)) }))
    .sort((a, b) => a.strength - b.strength);
}

/** The mean and deviation of the trials that have a figure; null if none has. */
function spreadOf(figures: readonly (number | null | undefined)[]): Spread | null {
  const known = figures.filter((figure) => figure !== null && figure !== undefined);
  return known.length > 0 ? spread(known) : null;
}

function sharpnessOf(records: readonly RunRecord[]): SharpnessSummary[] {
  const rows = records.flatMap(({ gradCamSharpness }) => gradCamSharpness);
  return [...groupBy(rows, ({ condition, strength }) => `${condition}/${strength}`).values()].map(
    (group) => ({
      condition: group[0].condition,
      strength: group[0].strength,
      hoyer: spreadOf(group.map(({ hoyer }) => hoyer?.mean)),
      entropy: spreadOf(group.map(({ entropy }) => entropy?.mean)),
      background: spreadOf(group.map(({ background }) => background?.mean)),
    }),
  );
}

function varianceOf(records: readonly RunRecord[]): LayerSummary[] {
  const rows = records.flatMap(({ activationVariance }) =>
    activationVariance.map((layer, i) => ({ ...layer, place: i + 1 })),
  );
  return [...groupBy(rows, ({ layer, place }) => `${place}/${layer}`).values()].map((group) => {
    const [{ layer, kind, beta, place }] = group;
    return {
      layer,
      kind,
      beta,
      place,
      clean: varianceSummary(group.map(({ clean }) => clean)),
      noisy: varianceSummary(group.map(({ noisy }) => noisy)),
    };
  });
}

const varianceSummary = (trials: readonly LayerVariance[]): VarianceSummary => ({
  gain: spreadOf(trials.map(({ gain }) => gain)),
  measured: spreadOf(trials.map(({ amplification }) => amplification?.measured)),
  predicted: spreadOf(trials.map(({ amplification }) => amplification?.predicted)),
});
