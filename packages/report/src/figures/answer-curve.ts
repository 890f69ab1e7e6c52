import { toCsv } from '../csv.js';
import { list, number, percent, strength } from '../format.js';
import { mainPairing, type Pairing } from '../model/answer.js';
import { errorInterval, imagesOf } from '../model/intervals.js';
import type { Benchmark, Curve, CurvePoint, VariantSummary } from '../model/summary.js';
import { errorAxis } from '../plot/error-axis.js';
import { linePanel } from '../plot/line-panel.js';
import { landmarkIn, ticksOf } from './_strengths.js';
import { seriesOf, trialsNote } from './series.js';

const names = {
  noise: { under: 'uniform noise', axis: 'bound of the noise, β', symbol: 'β' },
  fgsm: { under: 'the FGSM attack', axis: 'FGSM, L∞ ε', symbol: 'ε' },
} as const;

/** The curve that carries the answer: convolution against weight maps, where they can be told apart; null if there is none. */
export function answerFigure(benchmarks: readonly Benchmark[]) {
  const pairing = mainPairing(benchmarks);
  const curve = pairing && mostInformative(pairing);
  if (!curve) return null;
  const { benchmark, architecture, baseline, maps } = pairing;
  const { under, axis, symbol } = names[curve];
  const variants = [baseline, ...maps].filter((variant) => variant[curve].length > 0);
  const pointsOf = shownPoints(benchmark, curve);
  const series = variants.map(
    seriesOf((variant) => ({
      points: pointsOf(variant).map(({ strength: x, error, interval }) => ({
        x,
        y: error.mean,
        sd: null,
        interval,
      })),
    })),
  );
  const xs = [0, ...benchmark.informative[curve]];
  const where = `${architecture.label} on ${benchmark.title}`;
  const panel = linePanel({
    id: `answer-${benchmark.id}`,
    title: `${where}: test error under ${under}, convolution against weight maps`,
    description: `Lines of test error against ${symbol}. ${list(
      variants.map((variant) => {
        const { strength: at, error } = pointsOf(variant).at(-1)!;
        return `${variant.name.short} ${percent(error.mean)} % at ${symbol} = ${strength(at)}`;
      }),
    )}.`,
    heading: `${architecture.label} · ${benchmark.title} · ${under}`,
    note: trialsNote(variants),
    xLabel: `${axis} (pixels in [0, 1])`,
    yLabel: 'test error, %',
    yDomain: errorAxis(variants.flatMap(pointsOf).flatMap(({ interval: { low, high } }) => [low, high])),
    xTicks: ticksOf(xs),
    xFormat: strength,
    series,
    ...(curve === 'fgsm' && landmarkIn(xs)),
  });
  const several = variants.some(({ testError }) => testError.n > 1);
  const single = variants.some(({ testError }) => testError.n === 1);
  return {
    id: 'answer' as const,
    heading: 'The answer',
    caption: [
      `Test error under ${under}; lower is more robust. Drawn up to the last strength at which a network is more than 10 points better than chance.`,
      'Bars are 95 % intervals',
      several && 'over trials (Student’s t)',
      several && single && 'and, of networks with one trial,',
      single &&
        `over ${number(imagesOf(benchmark.conditions, curve))} test images, which don’t cover the randomness of training`,
    ]
      .filter(Boolean)
      .join(' ')
      .concat('.'),
    panels: [panel],
    columns: 1,
    csv: toCsv({
      columns: [
        'dataset',
        'variant',
        'trials',
        symbol === 'β' ? 'beta' : 'epsilon',
        'error_percent_mean',
        'low',
        'high',
        'interval_covers',
      ],
      rows: variants.flatMap((variant) =>
        pointsOf(variant).map(({ strength: at, error, interval }) => [
          ...[benchmark.title, variant.variant, error.n, at, error.mean],
          ...[interval.low, interval.high, interval.covers],
        ]),
      ),
    }),
  };
}

/** The curve with more strengths that tell networks apart, noise if both have the same number; null if neither has one. */
function mostInformative({ benchmark: { informative }, baseline }: Pairing): Curve | null {
  const [curve] = (['noise', 'fgsm'] as const)
    .filter((one) => informative[one].length > 0 && baseline[one].length > 0)
    .sort((a, b) => informative[b].length - informative[a].length);
  return curve ?? null;
}

/** The points of a network at 0 and at the informative strengths, with their intervals. */
const shownPoints = ({ conditions, informative }: Benchmark, curve: Curve) => {
  const shown = new Set([0, ...informative[curve]]);
  return (variant: VariantSummary) =>
    variant[curve]
      .filter(({ strength: at }: CurvePoint) => shown.has(at))
      .map((point) => ({ ...point, interval: errorInterval(conditions, curve, point.error) }));
};
