import { html, type Html } from './_html.js';
import type { Table } from './csv.js';
import { count, meanSd, NONE, number, percent, plain, short, signed } from './format.js';
import { conditionLabel, errorUnder } from './overview.js';
import { paperDatasetLabels } from '../paper-values.js';
import type { Benchmark, Summary, VariantSummary } from './summarise.js';
import type { LayerKind } from './variant-names.js';

/** Ours beside the paper's, in the order of the paper's tables. */
export function resultTable(benchmark: Benchmark): Html {
  const { title, variants } = benchmark;
  return html`<div class="scroll" role="region" aria-label="Results on ${title}" tabindex="0">
    <table class="results">
      <caption>
        ${title}: test error in percent, mean ± standard deviation over n trials.
      </caption>
      <thead>
        <tr>
          <th scope="col">Variant</th>
          <th scope="col" class="num">Test error</th>
          <th scope="col" class="num">n</th>
          <th scope="col" class="num">Paper’s</th>
          <th scope="col" class="num">Difference</th>
          <th scope="col" class="num">Under ${conditionLabel(benchmark, 'noise')}</th>
          <th scope="col" class="num">Under ${conditionLabel(benchmark, 'fgsm')}</th>
          <th scope="col" class="num">Parameters</th>
          <th scope="col" class="num">FLOPs, paper’s count</th>
          <th scope="col" class="num">FLOPs, executed</th>
        </tr>
      </thead>
      <tbody>
        ${variants.map(resultRow)}
      </tbody>
    </table>
  </div>`;
}

function resultRow(variant: VariantSummary): Html {
  const { name, testError, parameters, flops, paper } = variant;
  return html`<tr>
    <th scope="row">
      <span class="key ${name.kind} ${name.alternating && 'alternating'}" aria-hidden="true"></span
      >${name.long}
      <small>${variant.variant}</small>
    </th>
    <td class="num strong">${aligned(testError.mean, testError.sd)}</td>
    <td class="num">${testError.n}</td>
    <td class="num">
      ${paper ? aligned(paper.row.testErrorPercent, paper.row.plusMinus) : NONE}
      ${paper?.difference === null && html`<small>on ${paperDatasetLabels[paper.row.dataset]}</small>`}
    </td>
    <td class="num ${paper?.outside && 'outside'}">${differenceText(variant)}</td>
    ${(['noise', 'fgsm'] as const).map((condition) => {
      const error = errorUnder(variant, condition);
      return html`<td class="num">${error ? aligned(error.mean, error.sd) : NONE}</td>`;
    })}
    <td class="num">${number(parameters)}</td>
    <td class="num">${short(flops.paper)}</td>
    <td class="num">${short(flops.executed)}</td>
  </tr>`;
}

/** The mean to the right of its place, the deviation to the left of its own: the decimal points line up. */
const aligned = (mean: number, sd: number | null): Html =>
  html`<span class="mean">${percent(mean)}</span
    ><span class="sd">${sd === null ? '' : `± ${percent(sd)}`}</span>`;

const differenceText = ({ paper }: VariantSummary): string =>
  paper?.difference === null || paper?.difference === undefined ? NONE : signed(paper.difference);

/** What the differences mean, for below the table. */
export function differenceNote({ likeness, variants }: Benchmark): string {
  if (!likeness.sameData)
    return 'The paper’s values are for other images: they stand there for orientation, and no difference is taken.';
  if (likeness.caveats.length > 0)
    return 'The conditions are not the paper’s, so no difference is marked as one.';
  const marked = 'A difference is marked where it is larger than both standard deviations.';
  return variants.some(({ testError }) => testError.n === 1)
    ? `${marked} With one trial there is no deviation, and nothing is marked.`
    : marked;
}

/** The same as data: a row a variant. */
export const resultData = (benchmarks: readonly Benchmark[]): Table => ({
  columns: [
    'dataset',
    'variant',
    'trials',
    'test_error_percent_mean',
    'test_error_percent_sd',
    'paper_dataset',
    'paper_test_error_percent',
    'paper_plus_minus',
    'difference',
    'like_for_like',
    'strongest_noise_error_percent',
    'strongest_fgsm_error_percent',
    'parameters',
    'flops_paper',
    'flops_executed',
  ],
  rows: benchmarks.flatMap(({ title, likeness, variants }) =>
    variants.map((variant) => [
      title,
      variant.variant,
      variant.testError.n,
      variant.testError.mean,
      variant.testError.sd,
      variant.paper?.row.dataset ?? null,
      variant.paper?.row.testErrorPercent ?? null,
      variant.paper?.row.plusMinus ?? null,
      variant.paper?.difference ?? null,
      likeness.caveats.length === 0 ? 'yes' : 'no',
      errorUnder(variant, 'noise')?.mean ?? null,
      errorUnder(variant, 'fgsm')?.mean ?? null,
      variant.parameters,
      variant.flops.paper,
      variant.flops.executed,
    ]),
  ),
});

/** What the tables in Markdown and in the terminal share. */
export function resultCells(variant: VariantSummary): string[] {
  const { testError, paper } = variant;
  const [noise, fgsm] = (['noise', 'fgsm'] as const).map((condition) => errorUnder(variant, condition));
  return [
    meanSd(testError),
    paper ? `${percent(paper.row.testErrorPercent)} ± ${percent(paper.row.plusMinus)}` : NONE,
    differenceText(variant),
    noise ? meanSd(noise) : NONE,
    fgsm ? meanSd(fgsm) : NONE,
    String(testError.n),
  ];
}

const ansi: Readonly<Record<LayerKind, string>> = { conv: '1', smoothing: '38;5;32', unsharp: '38;5;166' };

/**
 * The result as plain text, the paper's value beside each, aligned at the decimal point.
 *
 * @param colour whether the terminal shows colours.
 */
export function terminalTable({ benchmarks, damaged }: Summary, { colour = false } = {}): string {
  const paint = (text: string, codes: string) => (colour ? `\u001b[${codes}m${text}\u001b[0m` : text);
  const blocks = benchmarks.map((benchmark) => {
    const { title, conditions, likeness, variants } = benchmark;
    const body = variants.map(resultCells);
    const header = ['test error %', 'paper', 'diff', 'noise', 'FGSM', 'n'];
    const columns = header.map((heading, column) =>
      alignDecimals([heading, ...body.map((row) => row[column])]),
    );
    const names = padAll(['', ...variants.map(({ name }) => plain(name.long))], 'end');
    const lines = names.map((name, line) => {
      const cells = columns.map((column) => column[line]).join('   ');
      if (line === 0) return paint(`${name}   ${cells}`.trimEnd(), '2');
      return `${paint(name, ansi[variants[line - 1].name.kind])}   ${cells}`.trimEnd();
    });
    const about = `${plain(title)} · ${count(conditions.training.epochs, 'epoch')} · noise and FGSM: ${plain(
      (['noise', 'fgsm'] as const)
        .map((condition) => conditionLabel(benchmark, condition).split(', ').at(-1))
        .join(', '),
    )}`;
    const caveat =
      likeness.caveats.length > 0
        ? [`Not like for like with the paper: ${plain(likeness.caveats.join('; '))}.`]
        : [];
    return [paint(about, '1'), ...lines, ...caveat].join('\n');
  });
  if (damaged.length > 0)
    blocks.push(
      `${count(damaged.length, 'damaged record')} left out:\n${damaged.map(({ file, reason }) => `  ${plain(file)}: ${plain(reason)}`).join('\n')}`,
    );
  return blocks.join('\n\n');
}

/** Pads a heading and its values so that the first decimal point of each is at one place. */
function alignDecimals([heading, ...values]: readonly string[]): string[] {
  const before = (value: string) => (/^[^.]*/.exec(value) ?? [''])[0].length;
  const most = Math.max(...values.map(before));
  return padAll(
    [
      heading,
      ...padAll(
        values.map((value) => ' '.repeat(most - before(value)) + value),
        'end',
      ),
    ],
    'start',
  );
}

function padAll(texts: readonly string[], side: 'start' | 'end'): string[] {
  const width = Math.max(...texts.map((text) => text.length));
  return texts.map((text) => (side === 'start' ? text.padStart(width) : text.padEnd(width)));
}
