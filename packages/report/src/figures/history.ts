import { toCsv } from '../csv.js';
import { list, percent } from '../format.js';
import { byArchitecture, eachRecord } from '../model/benchmarks.js';
import { spread } from '../model/statistics.js';
import type { Benchmark, VariantSummary } from '../model/summary.js';
import { linePanel, type Series } from '../plot/line-panel.js';
import type { Panel } from '../plot/svg.js';
import { seriesOf, trialsNote } from './series.js';

/** Validation error by epoch, the mean of the trials. */
export function historyPanels(benchmarks: readonly Benchmark[]): Panel[] {
  return byArchitecture(benchmarks, ({ histories }) => histories.some(({ epochs }) => epochs.length > 0)).map(
    ({ benchmark, architecture, variants }) => {
      const series = variants.map(
        seriesOf(({ histories }) => ({
          points: thinned(meanHistory(histories)),
          marked: histories.flatMap(({ epochs, selectedEpoch }) =>
            epochs
              .filter(({ epoch }) => epoch === selectedEpoch)
              .map(({ epoch, validationErrorPercent }) => ({ x: epoch, y: validationErrorPercent })),
          ),
        })),
      );
      const errors = series.flatMap(({ points }) => points.map(({ y, sd }) => y + (sd ?? 0)));
      return linePanel({
        id: `history-${benchmark.id}-${architecture.id}`,
        row: benchmark.id,
        title: `${architecture.label} on ${benchmark.title}: validation error while training`,
        description: `Lines of validation error by epoch. ${list(
          variants.map(({ name }, i) => `${name.short} ends at ${percent(series[i].points.at(-1)!.y)} %`),
        )}.`,
        heading: `${architecture.label} · ${benchmark.title}`,
        note: trialsNote(variants),
        xLabel: 'epoch',
        yLabel: 'validation error, %',
        yDomain: [0, Math.max(1, Math.ceil(Math.max(...errors)))],
        xTicks: epochTicks(series.flatMap(({ points }) => points.map(({ x }) => x))),
        xFormat: String,
        series,
      });
    },
  );
}

/** Every epoch of every trial, as CSV. */
export const historyCsv = (benchmarks: readonly Benchmark[]): string =>
  toCsv({
    columns: [
      'dataset',
      'variant',
      'trial',
      'epoch',
      'train_loss',
      'validation_loss',
      'validation_error_percent',
    ],
    rows: eachRecord(benchmarks).flatMap(({ title, record: { cell, history } }) =>
      history.map((epoch) => [
        title,
        cell.variant,
        cell.trial,
        epoch.epoch,
        epoch.trainLoss,
        epoch.validationLoss,
        epoch.validationErrorPercent,
      ]),
    ),
  });

function meanHistory(histories: VariantSummary['histories']): Series['points'] {
  const byEpoch = new Map<number, number[]>();
  for (const { epoch, validationErrorPercent } of histories.flatMap(({ epochs }) => epochs))
    byEpoch.set(epoch, [...(byEpoch.get(epoch) ?? []), validationErrorPercent]);
  return [...byEpoch]
    .sort(([a], [b]) => a - b)
    .map(([x, values]) => {
      const { mean, sd } = spread(values);
      return { x, y: mean, sd };
    });
}

/** Points that a line of a panel's width can show. */
const MOST_POINTS = 75;

/** Every k-th point and the last, so that long trainings don't make a heavy page. */
function thinned(points: Series['points']): Series['points'] {
  const step = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}

function epochTicks(epochs: readonly number[]): number[] {
  const last = Math.max(...epochs);
  const step = [1, 2, 5, 10, 20, 50, 100, 200].find((size) => last / size <= 7) ?? 500;
  const ticks = Array.from({ length: Math.floor(last / step) }, (_, i) => (i + 1) * step);
  return step > 1 ? [1, ...ticks] : ticks;
}
