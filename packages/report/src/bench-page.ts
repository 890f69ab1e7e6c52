import { number } from './format.js';
import { groupBy } from './group-by.js';
import { documentOf } from './html/_document.js';
import { table } from './html/_table.js';
import { html, trusted, type Html } from './html/html.js';
import { linePanel } from './plot/line-panel.js';
import { variantName } from './variant-names.js';

/** One measured figure of a benchmark. */
export interface BenchFigure {
  /** What was measured, such as `cnn-33, fused`. */
  readonly name: string;
  /** The variant that it is of, for its colour; null if it is of none. */
  readonly variant: string | null;
  /** The figure: less is faster. */
  readonly value: number;
  /** Of the value, such as `ms`. */
  readonly unit: string;
  /** The value divided by that of PyTorch's fastest float32 form in the same run; null without a comparison. */
  readonly ratio: number | null;
}

/** One run of a benchmark. */
export interface BenchRun {
  /** The kind of measurement, such as `steps`. */
  readonly suite: string;
  /** When it ended: ISO 8601, UTC. */
  readonly at: string;
  /** The commit that was measured; null outside of a checkout. */
  readonly commit: {
    /** 40 hexadecimal digits. */
    readonly sha: string;
    /** Whether files differed from it. */
    readonly dirty: boolean;
  } | null;
  /** The circumstances that make figures comparable: processor, cores, threads, batch. */
  readonly conditions: Readonly<Record<string, string | number>>;
  /** The load of the machine before and after. */
  readonly load: readonly [before: number, after: number];
  /** What was measured. */
  readonly figures: readonly BenchFigure[];
}

/** A figure that is slower than before. */
export interface Slowdown {
  /** The figure's name. */
  readonly name: string;
  /** The number of earlier runs, at least three. */
  readonly earlier: number;
  /** By how many percent the last run is slower than the median of the earlier ones. */
  readonly percent: number;
  /** Whether the ratio to PyTorch is compared, and not the time itself. */
  readonly isRatio: boolean;
}

/** Less than this may be the machine. */
const SLOWER_PERCENT = 10;
const FEWEST_EARLIER = 3;

interface Line {
  readonly figure: BenchFigure;
  readonly isRatio: boolean;
  readonly points: readonly { x: number; y: number }[];
}

/**
 * The figures whose last run is at least 10 % slower than the median of at least three earlier runs under the same conditions. Ratios
 * to PyTorch are compared where every run has one, because load changes both sides; times otherwise.
 *
 * @param runs of one suite under the same conditions, in the order of time.
 */
export function slowdowns(runs: readonly BenchRun[]): Slowdown[] {
  return linesOf(runs).flatMap(({ figure: { name }, isRatio, points }) => {
    const earlier = points.slice(0, -1).map(({ y }) => y);
    const last = points[points.length - 1];
    if (earlier.length < FEWEST_EARLIER || last.x !== runs.length) return [];
    const percent = 100 * (last.y / median(earlier) - 1);
    return percent < SLOWER_PERCENT ? [] : [{ name, earlier: earlier.length, percent, isRatio }];
  });
}

/** Draws the history of saved benchmark runs as one HTML page that needs no other file: a slower commit is named, and seen. */
export function benchPage(runs: readonly BenchRun[]): string {
  const inOrder = [...runs].sort((a, b) => (a.at < b.at ? -1 : 1));
  const groups = [...groupBy(inOrder, conditionsOf).values()].sort((a, b) =>
    a[a.length - 1].at < b[b.length - 1].at ? 1 : -1,
  );
  const slower = groups.flatMap((group) =>
    slowdowns(group).map((one) => ({ ...one, suite: group[0].suite })),
  );
  const body = html`<div class="wrap">
    <header>
      <p class="kicker">weightmap bench</p>
      <h1>
        ${slower.length === 0 ? 'No figure is slower than before' : `${slower.length === 1 ? 'One figure is' : `${slower.length} figures are`} slower than before`}
      </h1>
      <p>
        ${slower.length === 0 ? `No last run is ${SLOWER_PERCENT} % slower than the median of ${FEWEST_EARLIER} or more earlier runs under the same conditions.` : slower.map((one) => html`${one.suite}: ${sentence(one)} `)}
      </p>
    </header>
    <main>${groups.map(section)}</main>
  </div>`;
  return documentOf('History of the benchmarks', body);
}

const sentence = ({ name, earlier, percent, isRatio }: Slowdown): string =>
  `${name}: +${Math.round(percent)} % in ${isRatio ? 'the ratio to PyTorch' : 'time'}, against the median of ${earlier} earlier runs.`;

const conditionsOf = ({ suite, conditions }: BenchRun): string => JSON.stringify([suite, conditions]);

/** Three digits: more is noise. */
const digits = (value: number): string =>
  value >= 1000 ? number(Math.round(value)) : String(Number(value.toPrecision(3)));

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
};

/** Each figure over the runs that have it: the ratio if all of those have one. */
function linesOf(runs: readonly BenchRun[]): Line[] {
  const measured = runs.flatMap(({ figures }, i) => figures.map((figure) => ({ figure, x: i + 1 })));
  return [...groupBy(measured, ({ figure: { name, unit } }) => `${name}, ${unit}`).values()].map((points) => {
    const isRatio = points.every(({ figure: { ratio } }) => ratio !== null);
    return {
      figure: points[0].figure,
      isRatio,
      points: points.map(({ figure, x }) => ({ x, y: isRatio ? figure.ratio! : figure.value })),
    };
  });
}

function section(runs: readonly BenchRun[], place: number): Html {
  const [{ suite, conditions }] = runs;
  const circumstances = Object.entries(conditions).map(([name, value]) => `${name} ${value}`);
  const lines = linesOf(runs);
  const panels = lines.map(({ figure, isRatio, points }, i) =>
    linePanel({
      id: `bench-${place}-${i}`,
      title: `${figure.name} over the runs`,
      description: points.map(({ x, y }) => `run ${x}: ${digits(y)}`).join(', '),
      heading: figure.name,
      note: '',
      yLabel: isRatio ? 'time, divided by PyTorch’s fastest' : figure.unit,
      xLabel: 'run',
      yDomain: [0, 1.1 * Math.max(...points.map(({ y }) => y))],
      xTicks: points.map(({ x }) => x),
      xFormat: String,
      series: [
        {
          name: { ...variantName(figure.variant ?? figure.name), short: digits(points[points.length - 1].y) },
          symbol: 'circle',
          points: points.map((point) => ({ ...point, sd: null })),
        },
      ],
    }),
  );
  const names = lines.map(({ figure }) => figure);
  return html`<section>
    <h2>${suite}</h2>
    <p class="sources">${circumstances.join(' · ')}</p>
    <figure><div class="panels by-3">${panels.map(({ svg }) => trusted(svg))}</div></figure>
    ${table(
      'Every run; in parentheses the time divided by that of PyTorch’s fastest float32 form',
      ['run', 'date', 'commit', 'load', ...names.map(({ name, unit }) => `${name}, ${unit}`)],
      runs.map(({ at, commit, load, figures }, i) => [
        String(i + 1),
        at.slice(0, 16).replace('T', ' '),
        commit ? commit.sha.slice(0, 7) + (commit.dirty ? ', changed' : '') : '–',
        load.map((value) => value.toFixed(1)).join(' – '),
        ...names.map(({ name, unit }) => {
          const found = figures.find((figure) => figure.name === name && figure.unit === unit);
          if (!found) return '–';
          const { value, ratio } = found;
          return ratio === null ? digits(value) : `${digits(value)} (${ratio.toFixed(3)})`;
        }),
      ]),
    )}
  </section>`;
}
