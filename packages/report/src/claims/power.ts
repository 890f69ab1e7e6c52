import { randomStream } from '@weightmap/core';
import { studentQuantile } from '@weightmap/metrics';
import { list } from '../format.js';
import { paperRow } from '../paper-values.js';
import { distances, TAIL, type Expectation } from './_interval.js';
import type { Deviations, Power } from './claim.js';
import type { Comparison } from './comparison.js';
import { testError } from './measures.js';

/** Simulated sets of trials: the standard error of a share is at most 1.3 %. */
const SIMULATIONS = 1500;
const SEED = 1;

/** A network in the simulation. */
interface Truth {
  mean: number;
  readonly deviation: number;
}

/** A comparison as the simulation sees it: a weighted sum of networks, minus a value. */
interface Simulated {
  readonly terms: readonly { readonly network: number; readonly weight: number }[];
  readonly value: number;
  readonly expects: Expectation;
  readonly tail: number;
}

const done = new Map<string, number>();

/**
 * The chance that every comparison agrees if the claim is true.
 *
 * Each trial of a network is drawn from a normal distribution. Test errors have the paper's printed mean and deviation; all
 * other figures the assumed difference between networks, where the claim says that there is one, and the measured or assumed
 * deviation. Networks that several comparisons share are drawn once.
 */
export function powerOf(
  id: string,
  comparisons: readonly Comparison[],
  trials: number,
  deviations: Deviations = {},
): Power {
  const used = comparisons.map(({ measure }) => deviations[measure.label]);
  const key = `${id}/${trials}/${used.join()}`;
  const share = done.get(key) ?? (trials < 2 ? 0 : simulate(id, comparisons, trials, deviations));
  done.set(key, share);
  return { trials, share, basis: basisOf(comparisons, deviations) };
}

function basisOf(comparisons: readonly Comparison[], deviations: Deviations): string {
  const texts = comparisons.map(({ measure }) => {
    if (measure.label === testError.label) return 'the paper’s means and deviations';
    const unit = measure.unit ? ` ${measure.unit}` : '';
    const differ = comparisons.some(
      (one) => one.measure.label === measure.label && ('any' in one || directionOf(one.expects) !== 0),
    );
    const difference = differ
      ? `a difference of ${measure.assumed.difference}${unit} where one is claimed`
      : 'no difference';
    const measured = deviations[measure.label];
    return measured === undefined
      ? `${difference}, a deviation of ${measure.assumed.deviation} between trials (assumed)`
      : `${difference} (assumed), a deviation of ${Number(measured.toPrecision(2))} between trials (measured)`;
  });
  return list([...new Set(texts)]);
}

function simulate(
  id: string,
  comparisons: readonly Comparison[],
  trials: number,
  deviations: Deviations,
): number {
  const { networks, simulated } = modelOf(comparisons, deviations);
  const critical = new Map(simulated.map(({ tail }) => [tail, criticalValues(trials, tail)]));
  const draw = trialDraws(id, trials);
  const [means, squaredErrors] = [new Float64Array(networks.length), new Float64Array(networks.length)];
  let supported = 0;
  for (let i = 0; i < SIMULATIONS; i++) {
    networks.forEach(({ mean, deviation }, at) => {
      means[at] = mean + deviation * draw.mean();
      squaredErrors[at] = (deviation ** 2 * draw.variance()) / trials;
    });
    if (simulated.every((one) => agrees(one))) supported++;
  }
  return supported / SIMULATIONS;

  // The same as `contrast` and `judge`, without making objects.
  function agrees({ terms, value, expects, tail }: Simulated): boolean {
    let [difference, squaredError, spread] = [-value, 0, 0];
    for (const { network, weight } of terms) {
      const part = weight ** 2 * squaredErrors[network];
      difference += weight * means[network];
      squaredError += part;
      spread += part ** 2;
    }
    const half = Math.sqrt(squaredError) * critical.get(tail)!((squaredError ** 2 * (trials - 1)) / spread);
    const isBelow = expects.is === 'not below' && difference + half < 0;
    return distances(expects, difference).forIt > half && !isBelow;
  }
}

/** The networks and comparisons of a claim. “At least one is better” is simulated as its first one. */
function modelOf(
  comparisons: readonly Comparison[],
  deviations: Deviations,
): { networks: readonly Truth[]; simulated: readonly Simulated[] } {
  const networks: Truth[] = [];
  const places = new Map<string, number>();
  const place = ({ dataset, measure }: Comparison, variant: string): number => {
    const key = `${dataset}/${measure.label}/${variant}`;
    const known = places.get(key);
    if (known !== undefined) return known;
    const row = measure.label === testError.label ? paperRow(dataset, variant) : undefined;
    networks.push(
      row
        ? { mean: row.testErrorPercent, deviation: row.plusMinus }
        : { mean: 0, deviation: deviations[measure.label] ?? measure.assumed.deviation },
    );
    places.set(key, networks.length - 1);
    return networks.length - 1;
  };
  const simulated = comparisons.map((comparison): Simulated => {
    const { measure } = comparison;
    const [left, right, expects, tail]: [readonly string[], string | number, Expectation, number] =
      'any' in comparison
        ? [[comparison.any[0][0]], comparison.any[0][1], { is: 'below' }, TAIL / comparison.any.length]
        : [comparison.left, comparison.right, comparison.expects, TAIL];
    const ours = left.map((variant) => place(comparison, variant));
    const theirs = typeof right === 'string' ? place(comparison, right) : null;
    if (measure.label !== testError.label)
      for (const at of ours)
        networks[at].mean =
          (theirs === null ? Number(right) : networks[theirs].mean) +
          directionOf(expects) * measure.assumed.difference;
    return {
      terms: [
        ...ours.map((network) => ({ network, weight: 1 / ours.length })),
        ...(theirs === null ? [] : [{ network: theirs, weight: -1 }]),
      ],
      value: theirs === null ? Number(right) : 0,
      expects,
      tail,
    };
  });
  return { networks, simulated };
}

/** On which side the difference lies in truth: `not below` without a margin can only be shown of one above. */
const directionOf = (expects: Expectation): number =>
  ({ above: 1, below: -1, same: 0, 'not below': 'margin' in expects && expects.margin === 0 ? 1 : 0 })[
    expects.is
  ];

/** Draws the mean and the sample variance of n standard normal trials: N(0, 1/n), and χ²(n − 1)/(n − 1). */
function trialDraws(id: string, n: number) {
  const stream = randomStream(SEED, 'power', id, n);
  let [normals, next] = [stream.normals(0), 0];
  const normal = () => {
    if (next === normals.length) [normals, next] = [stream.normals(4096), 0];
    return normals[next++];
  };
  // χ²(k) is 2·Γ(k/2); Γ(a) by G. Marsaglia, W. W. Tsang, “A simple method for generating gamma variables”, 2000.
  const gamma = (a: number): number => {
    const d = a - 1 / 3;
    for (;;) {
      const x = normal();
      const v = (1 + x / Math.sqrt(9 * d)) ** 3;
      if (v > 0 && Math.log(1 - stream.uniform()) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  const chiSquared = (k: number): number => (k === 1 ? normal() ** 2 : 2 * gamma(k / 2));
  return {
    mean: () => normal() / Math.sqrt(n),
    variance: () => chiSquared(n - 1) / (n - 1),
  };
}

const criticals = new Map<string, (freedom: number) => number>();
const POINTS = 64;
/** Most networks in one comparison: two and their baseline. */
const MOST_TERMS = 3;

/**
 * Student's critical value for degrees of freedom between n − 1 and 3·(n − 1): linear in their inverse between 64 exact
 * values, for the quantile is too slow to be computed for each simulated comparison.
 */
function criticalValues(n: number, tail: number): (freedom: number) => number {
  const key = `${n}/${tail}`;
  const known = criticals.get(key);
  if (known) return known;
  const [from, to] = [1 / (MOST_TERMS * (n - 1)), 1 / (n - 1)];
  const values = Array.from({ length: POINTS + 1 }, (_, i) =>
    studentQuantile(1 - tail, 1 / (from + ((to - from) * i) / POINTS)),
  );
  const critical = (freedom: number): number => {
    const at = Math.min(POINTS, Math.max(0, ((1 / freedom - from) / (to - from)) * POINTS));
    const i = Math.min(POINTS - 1, Math.floor(at));
    return values[i] + (at - i) * (values[i + 1] - values[i]);
  };
  criticals.set(key, critical);
  return critical;
}

/** Numbers of trials that are tried, up to a hundred. */
const LADDER = [
  ...[2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 23, 26, 30, 35, 40, 45, 50, 60, 70, 80, 90, 100],
];

/** The power that a planned experiment is usually asked for. */
export const WANTED_POWER = 0.8;

/**
 * The fewest trials that support a claim in 80 % of cases, if it is true; of a ladder of numbers up to 100.
 *
 * @returns null if 100 trials don't.
 */
export function trialsFor(powerAt: (trials: number) => number): number | null {
  let [low, high] = [0, LADDER.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (powerAt(LADDER[middle]) >= WANTED_POWER) high = middle;
    else low = middle + 1;
  }
  return LADDER[low] ?? null;
}
