import { maskingVerdict, settingsNamed, type AttackedRun, type CorruptedNetworks } from '@weightmap/records';
import colours from 'picocolors';
import { alignColumns, alignRows, lineWidth } from './columns.js';
import { count, NONE, plain, strength } from './format.js';
import { attackRows, transferRows } from './model/attack-table.js';
import { rangeLabel } from './model/condition.js';
import { corruptionNote, corruptionRows } from './model/corruption-table.js';
import { answerSentence, QUESTION } from './model/answer.js';
import { concernsPaper, conditionsCaveat, hasEvidence, NO_EVIDENCE } from './model/headline.js';
import { notationNote } from './model/intervals.js';
import { paperHeading, resultCells } from './model/result-data.js';
import { SWEEP_NOTE, sweepRows, sweepTables, type SweepTable } from './model/sweep.js';
import type { Benchmark, Summary, VariantSummary } from './model/summary.js';
import { verdictHeadline } from './model/verdicts.js';
import type { LayerKind } from '@weightmap/core';
import type { VariantName } from './variant-names.js';

const ansi: Readonly<Record<LayerKind, string>> = { conv: '1', smoothing: '38;5;32', unsharp: '38;5;166' };

type Paint = (text: string, codes: string) => string;

/**
 * The results as plain text, a block for each dataset, the paper's value beside each row, aligned at the decimal point; then
 * the verdict on the paper's claims, or that the results are not evidence.
 *
 * @param colour whether the terminal shows colours.
 */
export function terminalTable(summary: Summary, { colour = false } = {}): string {
  const { benchmarks, damaged, notes, recordCount } = summary;
  const paint: Paint = (text, codes) => (colour ? `\u001b[${codes}m${text}\u001b[0m` : text);
  const width = Math.max(
    0,
    ...benchmarks.flatMap(({ variants }) => variants.map(({ name }) => nameText(name).length)),
  );
  // What a sweep alone has trained is in its table.
  const isAlone = ({ variants }: Benchmark) => variants.every(({ variant }) => isSwept(variant));
  const blocks = [
    ...sweepTables(benchmarks).map((sweep) => sweepBlock(sweep, paint)),
    ...benchmarks.filter((one) => !isAlone(one)).map((benchmark) => block(benchmark, width, paint)),
  ];
  if (damaged.length > 0)
    blocks.push(
      `${count(damaged.length, 'damaged record')} left out:\n${damaged.map(({ file, reason }) => `  ${plain(file)}: ${plain(reason)}`).join('\n')}`,
    );
  if (notes.length > 0) blocks.push(notes.map((note) => `left out: ${plain(note)}`).join('\n'));
  if (recordCount > 0) blocks.push(conclusion(summary));
  return blocks.join('\n\n');
}

/** The verdict on the paper’s claims, or, of a run on other data, the answer. */
function conclusion(summary: Summary): string {
  const { benchmarks, verification } = summary;
  if (!concernsPaper(benchmarks)) return `${QUESTION} ${answerSentence(summary)}.`;
  return `${hasEvidence(benchmarks) ? verdictHeadline(verification) : NO_EVIDENCE}.`;
}

const isSwept = (variant: string): boolean => Object.keys(settingsNamed(variant)).length > 0;

function sweepBlock(sweep: SweepTable, paint: Paint): string {
  const { head, rows } = sweepRows(sweep);
  const [heading, ...lines] = alignRows([head, ...rows], { right: head.map((_, i) => i).slice(1) });
  return [
    paint(`${plain(sweep.title)} · every value of the settings`, '1'),
    ...(heading === '' ? [] : [paint(heading, '2')]),
    ...lines,
    SWEEP_NOTE,
  ].join('\n');
}

function block(benchmark: Benchmark, width: number, paint: Paint): string {
  const { title, conditions, variants } = benchmark;
  const body = variants.map((variant) => resultCells(benchmark, variant));
  const header = ['test error %', paperHeading(benchmark, 'paper'), 'diff', 'noise', 'FGSM', 'n'];
  const shown = header.flatMap((heading, column) => {
    const values = body.map((row) => row[column]);
    // A column without any value is left out.
    return heading !== 'n' && values.every((value) => value === NONE)
      ? []
      : [{ heading, texts: alignDecimals([heading, ...values]) }];
  });
  const columns = fitting(shown, width).map(({ texts }) => texts);
  const line = (name: string, at: number) =>
    `${name}   ${columns.map((column) => column[at]).join('   ')}`.trimEnd();
  const rows = variants.flatMap((variant, i) => {
    const name = paint(nameText(variant.name).padEnd(width), ansi[variant.name.kind]);
    // A new architecture after another one begins with an empty line.
    return [...(startsGroup(variants, i) ? [''] : []), line(name, i + 1)];
  });
  const strengths = (['noise', 'fgsm'] as const).flatMap((curve) => {
    const range = rangeLabel(benchmark, curve);
    return range ? [`${curve === 'fgsm' ? 'FGSM' : curve}: ${range}`] : [];
  });
  const about = [plain(title), count(conditions.training.epochs, 'epoch'), ...strengths].join(' · ');
  const caveat = conditionsCaveat(benchmark);
  const notes = [`${notationNote(benchmark)}.`, ...(caveat ? [plain(caveat)] : [])];
  return [paint(about, '1'), paint(line(' '.repeat(width), 0), '2'), ...rows, ...notes].join('\n');
}

interface Column {
  readonly heading: string;
  readonly texts: readonly string[];
}

/** The columns that fit into a line of the terminal beside a name: without the paper's values first, then without the intervals. */
function fitting(columns: readonly Column[], width: number): readonly Column[] {
  const total = (some: readonly Column[]) =>
    some.reduce((sum, { texts }) => sum + 3 + texts[0].length, width);
  let left = columns;
  for (const out of ['diff', 'paper'])
    if (total(left) > lineWidth()) left = left.filter(({ heading }) => !heading.startsWith(out));
  if (total(left) <= lineWidth()) return left;
  return left.map(({ heading, texts: [, ...values] }) => ({
    heading,
    texts: alignDecimals([heading, ...values.map((value) => value.replace(/ *\[.*\]| *±.*/, '').trim())]),
  }));
}

const startsGroup = (variants: readonly VariantSummary[], i: number): boolean =>
  i > 0 && variants[i].architecture !== variants[i - 1].architecture;

/** The name with its line as in the figures: whole, or dashed for what alternates. */
const nameText = ({ long, alternating }: VariantName): string =>
  `${alternating ? '╌╌' : '──'} ${plain(long)}`;

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

/**
 * The results of attacks as plain text: a row a network, then a matrix of transfer for each dataset.
 *
 * @param nameOf what a row is called. Default: as a cell of a run.
 */
export function attackTable(
  attacked: AttackedRun,
  nameOf?: (network: AttackedRun['cells'][number]) => string,
): string {
  const { head, rows } = attackRows(attacked, nameOf);
  const lines = alignRows([head, ...rows], { right: head.slice(1, -1).map((_, i) => i + 1) });
  const table = [
    ...(lines[0] === '' ? [] : [colours.dim(lines[0])]),
    ...lines
      .slice(1)
      .map((line, i) => (maskingVerdict(attacked.cells[i]) === 'doubtful' ? colours.yellow(line) : line)),
    `[ ]: Wilson's 95 % interval over the test images`,
  ];
  for (const matrix of attacked.transfer ?? []) {
    const { head: names, rows: pairs } = transferRows(matrix);
    table.push(
      '',
      `transfer on ${matrix.dataset}, PGD at L∞ ε ${strength(matrix.epsilon)}: accuracy of the column on images made against the row`,
      alignColumns([names, ...pairs], { right: names.slice(1).map((_, i) => i + 1) }),
    );
  }
  return table.join('\n');
}

/** The results of corruptions as plain text. */
export function corruptionTable(corrupted: CorruptedNetworks): string {
  const { head, rows } = corruptionRows(corrupted);
  return `${alignColumns([head, ...rows], { right: head.slice(1).map((_, i) => i + 1) })}\n${corruptionNote(corrupted)}`;
}
