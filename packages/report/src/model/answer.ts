import { count, list } from '../format.js';
import { byArchitecture, type NamedArchitecture } from './benchmarks.js';
import { errorUnder } from './condition.js';
import { hasEvidence, sampleOf } from './headline.js';
import { isEvidence, noEvidenceReason } from './likeness.js';
import { differenceP, holm } from './statistics.js';
import type { Benchmark, Curve, Summary, VariantSummary } from './summary.js';

/** Answered by the first sentence of a report. */
export const QUESTION = 'Do weight maps make these networks more robust?';

/** In two lines, for readers who don't know the paper. */
export const WEIGHT_MAP =
  'A weight map gives every pixel a learned weight of its own, where a convolution uses the same few weights at every place. A smoothing layer sums the weighted pixels of a window; an unsharp layer subtracts that sum from twice the weighted pixel.';

/** A convolutional network beside networks with weight maps, of one architecture on the same data. */
export interface Pairing {
  readonly benchmark: Benchmark;
  readonly architecture: NamedArchitecture;
  readonly baseline: VariantSummary;
  /** At most one of each kind, smoothing first. */
  readonly maps: readonly VariantSummary[];
}

/** The paper's convolutional networks that differ from one with weight maps in the kind of layer alone. */
const BASELINES = new Set(['cnn-33', 'resnet-conv', 'densenet-conv']);

/** The networks that the answer compares: of each architecture and dataset the plainest of each kind, without a defence. */
export const pairingsOf = (benchmarks: readonly Benchmark[]): Pairing[] =>
  byArchitecture(benchmarks, ({ stored }) => !stored[0].record.cell.defense).flatMap(
    ({ benchmark, architecture, variants }) => {
      const convolutional = variants.filter(({ name }) => name.kind === 'conv');
      const baseline = convolutional.find(({ variant }) => BASELINES.has(variant)) ?? convolutional.at(0);
      const maps = (['smoothing', 'unsharp'] as const).flatMap(
        (kind) => variants.find(({ name }) => name.kind === kind) ?? [],
      );
      return baseline && maps.length > 0 ? [{ benchmark, architecture, baseline, maps }] : [];
    },
  );

/** What the first screen draws: the first networks that are evidence, or else the first. */
export function mainPairing(benchmarks: readonly Benchmark[]): Pairing | null {
  const pairings = pairingsOf(benchmarks);
  return pairings.find(({ benchmark }) => isEvidence(benchmark.conditions)) ?? pairings.at(0) ?? null;
}

/** Of the error of a network with weight maps beside the convolutional one. */
type Outcome = 'lower' | 'higher' | 'open';

interface Compared {
  readonly map: VariantSummary;
  readonly curve: Curve;
  readonly outcome: Outcome;
  readonly isSingle: boolean;
}

const LEVEL = 0.05;

/** Each network with weight maps against its baseline, under noise and under FGSM; Holm's correction over all of them. */
function comparisonsOf(pairings: readonly Pairing[]): Compared[] {
  const measured = pairings.flatMap(({ benchmark, baseline, maps }) =>
    maps.flatMap((map) =>
      (['noise', 'fgsm'] as const).flatMap((curve) => {
        const [own, other] = [map, baseline].map((variant) => errorUnder(variant, curve));
        if (!own || !other) return [];
        const p = differenceP(sampleOf(benchmark, curve, own), sampleOf(benchmark, curve, other));
        return [{ map, curve, p, isLower: own.mean < other.mean, isSingle: Math.min(own.n, other.n) === 1 }];
      }),
    ),
  );
  const corrected = holm(measured.map(({ p }) => p));
  return measured.map(({ map, curve, isLower, isSingle }, i) => ({
    map,
    curve,
    outcome: corrected[i] >= LEVEL ? 'open' : isLower ? 'lower' : 'higher',
    isSingle,
  }));
}

/** The answer to the question in one sentence, without a full stop; with how many of the paper's claims are decided. */
export function answerSentence({ benchmarks, verification }: Summary): string {
  const claims = hasEvidence(benchmarks) ? claimsClause(verification) : null;
  return [answerTo(benchmarks), claims].filter(Boolean).join('; ');
}

function answerTo(benchmarks: readonly Benchmark[]): string {
  if (!hasEvidence(benchmarks)) {
    const reasons = benchmarks.flatMap(({ conditions }) => noEvidenceReason(conditions) ?? []);
    return `Not answered: these results are not evidence, because ${list([...new Set(reasons)])}`;
  }
  const pairings = pairingsOf(benchmarks).filter(({ benchmark }) => isEvidence(benchmark.conditions));
  if (pairings.length === 0)
    return 'Not answered: this run has no convolutional network beside one with weight maps';
  const compared = comparisonsOf(pairings);
  if (compared.length === 0) return `Not answered: ${whyNothing(pairings)}`;
  const has = (outcome: Outcome) => compared.some((one) => one.outcome === outcome);
  const where = list([...new Set(pairings.map(({ benchmark }) => benchmark.title))]);
  if (!has('lower') && !has('higher'))
    return compared.every(({ isSingle }) => isSingle)
      ? `Not decided on ${where}: one trial of each network decides nothing`
      : `Not decided on ${where}: no difference from the convolutional networks is clear`;
  const answer = !has('lower') ? 'No' : has('higher') || has('open') ? 'In part' : 'Yes';
  return `${answer}, on ${where}: ${pairings.length === 1 ? inWords(compared) : inNumbers(compared)}`;
}

const whyNothing = (pairings: readonly Pairing[]): string =>
  pairings.some(({ baseline: { noise, fgsm } }) => noise.length + fgsm.length > 0)
    ? 'every network is near chance under noise and FGSM of every strength'
    : 'errors under noise and FGSM were not measured';

const places: Readonly<Record<Curve, string>> = { noise: 'uniform noise', fgsm: 'FGSM' };
const errors: Readonly<Record<Outcome, string>> = {
  lower: 'lower errors',
  higher: 'higher errors',
  open: 'no clearly different errors',
};

/** `smoothing and unsharp weight maps have lower errors under uniform noise and higher errors under FGSM than convolutions` */
function inWords(compared: readonly Compared[]): string {
  const textOf = (map: VariantSummary) => {
    const own = compared.filter((one) => one.map === map);
    const parts = (['lower', 'higher', 'open'] as const).flatMap((outcome) => {
      const curves = own.filter((one) => one.outcome === outcome).map(({ curve }) => places[curve]);
      return curves.length > 0 ? [`${errors[outcome]} under ${list(curves)}`] : [];
    });
    return `${list(parts)} than convolutions`;
  };
  const texts = new Map<string, string[]>();
  for (const map of new Set(compared.map((one) => one.map)))
    texts.set(textOf(map), [...(texts.get(textOf(map)) ?? []), map.name.kind]);
  return [...texts].map(([text, kinds]) => `${list(kinds)} weight maps have ${text}`).join(', ');
}

function inNumbers(compared: readonly Compared[]): string {
  const number = (outcome: Outcome) => compared.filter((one) => one.outcome === outcome).length;
  return `of ${count(compared.length, 'comparison')} with convolutions under uniform noise and FGSM, weight maps have lower errors in ${number('lower')}, higher ones in ${number('higher')}, and ${number('open')} ${number('open') === 1 ? 'is' : 'are'} not decided`;
}

/** `3 of the paper’s 15 claims are decided`; null if none of the records can decide one. */
function claimsClause({ claims, evidenceCount }: Summary['verification']): string | null {
  if (evidenceCount === 0) return null;
  const decided = claims.filter(({ verdict }) => verdict !== 'undecided').length;
  return `${decided === 0 ? 'none' : decided} of the paper’s ${claims.length} claims ${decided > 1 ? 'are' : 'is'} decided`;
}
