import { toCsv } from '../csv.js';
import { list, strength } from '../format.js';
import { type NamedArchitecture, byArchitecture, eachRecord } from '../model/benchmarks.js';
import type { Benchmark, LayerSummary, VariantSummary } from '../model/summary.js';
import { linePanel, type Series } from '../plot/line-panel.js';
import type { Panel } from '../plot/svg.js';
import { seriesOf, trialsNote } from './series.js';

type Side = 'clean' | 'noisy';

const digits = (value: number): string => String(Number(value.toPrecision(2)));

/**
 * How the layers pass variance on, by their place in the network: equation 5 predicted and measured, on clean and on
 * noisy images, and the gain that convolutions have as well. Panels that there is no data for are left out.
 */
export const variancePanels = (benchmarks: readonly Benchmark[]): Panel[] =>
  byArchitecture(benchmarks, ({ variance }) => variance.length > 0).flatMap(
    ({ benchmark, architecture, variants }) => {
      const shared = { benchmark, architecture };
      return [
        ...amplificationPanel({ ...shared, variants, side: 'clean' }),
        ...amplificationPanel({ ...shared, variants, side: 'noisy' }),
        ...gainPanel({ ...shared, variants }),
      ];
    },
  );

interface Group {
  benchmark: Benchmark;
  architecture: NamedArchitecture;
  variants: readonly VariantSummary[];
}

function amplificationPanel({ benchmark, architecture, variants, side }: Group & { side: Side }): Panel[] {
  const amplifying = variants.filter(({ variance }) => variance.some((layer) => isPositive(layer, side)));
  if (amplifying.length === 0) return [];
  const series = amplifying.map(
    seriesOf(({ variance }) => {
      const layers = variance.filter((layer) => isPositive(layer, side));
      return {
        points: layers.map((layer) => ({ x: layer.place, y: layer[side].predicted!.mean, sd: null })),
        marked: layers.map((layer) => ({ x: layer.place, y: layer[side].measured!.mean })),
      };
    }),
  );
  const { beta } = amplifying[0].variance[0];
  const under = side === 'clean' ? 'clean images' : `uniform noise, β = ${strength(beta)}`;
  return [
    layersPanel({
      benchmark,
      architecture,
      variants: amplifying,
      series,
      id: `amplification-${side}`,
      title: `amplification of the variance by equation 5, ${under}`,
      yLabel: `amplification, ${under}`,
    }),
  ];
}

const isPositive = (layer: LayerSummary, side: Side): boolean =>
  (layer[side].predicted?.mean ?? 0) > 0 && (layer[side].measured?.mean ?? 0) > 0;

function gainPanel({ benchmark, architecture, variants }: Group): Panel[] {
  const gaining = variants.filter(({ variance }) => variance.some(hasGain));
  if (gaining.length === 0) return [];
  const series = gaining.map(
    seriesOf(({ variance }) => ({
      points: variance
        .filter(hasGain)
        .map(({ place, clean }) => ({ x: place, y: clean.gain!.mean, sd: null })),
    })),
  );
  return [
    layersPanel({
      benchmark,
      architecture,
      variants: gaining,
      series,
      id: 'gain',
      title: 'gain of the variance, output over input, clean images',
      yLabel: 'gain, output over input, clean images',
    }),
  ];
}

const hasGain = ({ clean: { gain } }: LayerSummary): boolean => (gain?.mean ?? 0) > 0;

function layersPanel({
  benchmark,
  architecture,
  variants,
  series,
  id,
  title,
  yLabel,
}: Group & { series: readonly Series[]; id: string; title: string; yLabel: string }): Panel {
  const values = series.flatMap(({ points, marked = [] }) => [...points, ...marked].map(({ y }) => y));
  const places = series.flatMap(({ points }) => points.map(({ x }) => x));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const heading = `${architecture.label} · ${benchmark.title}`;
  return linePanel({
    id: `variance-${benchmark.id}-${architecture.id}-${id}`,
    row: `${benchmark.id}-${architecture.id}`,
    title: `${architecture.label} on ${benchmark.title}: ${title}`,
    description: `Lines over the layers. In the middle (geometric mean): ${list(
      series.map(({ name, points }) => `${name.short} ${digits(geometricMean(points.map(({ y }) => y)))}`),
    )}.`,
    heading,
    note: trialsNote(variants),
    xLabel: 'feature layer, from the image on',
    yLabel,
    yDomain: [least / 1.3, most * 1.3],
    isLogarithmic: true,
    xTicks: placeTicks(Math.min(...places), Math.max(...places)),
    xFormat: String,
    series,
  });
}

const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

function placeTicks(first: number, last: number): number[] {
  const step = [1, 2, 5, 10].find((size) => (last - first) / size <= 7) ?? 20;
  return Array.from({ length: last }, (_, i) => i + 1).filter(
    (place) => place >= first && (step === 1 || place === 1 || place % step === 0),
  );
}

/** Every layer of every record, as CSV. */
export const varianceCsv = (benchmarks: readonly Benchmark[]): string =>
  toCsv({
    columns: [
      ...['dataset', 'variant', 'trial', 'place', 'layer', 'kind', 'images', 'images_are', 'beta'],
      ...['input_variance', 'output_variance', 'gain', 'amplification_measured', 'amplification_predicted'],
    ],
    rows: eachRecord(benchmarks).flatMap(({ title, record: { cell, activationVariance } }) =>
      activationVariance.flatMap(({ layer, kind, n, beta, ...sides }, i) =>
        (['clean', 'noisy'] as const).map((side) => {
          const { input, output, gain, amplification } = sides[side];
          return [
            ...[title, cell.variant, cell.trial, i + 1, layer, kind, n, side, side === 'clean' ? 0 : beta],
            ...[input, output, gain, amplification?.measured ?? null, amplification?.predicted ?? null],
          ];
        }),
      ),
    ),
  });
