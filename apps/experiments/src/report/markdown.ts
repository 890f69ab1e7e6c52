import { paperCitation, paperDatasetLabels } from '../paper-values.js';
import { count, meanSd, NONE, number, percent, plain, short } from '../format.js';
import { figuresOf } from './figures.js';
import { cautionsOf, claimsOf, headlineOf, verdictText } from './headline.js';
import { conditionLabel } from './overview.js';
import { protocolLines, provenanceSentence } from './provenance.js';
import { differenceNote, resultCells } from './result-table.js';
import type { Benchmark, Summary } from './summary.js';
import { variantName } from '../variant-names.js';

/** The report for where Markdown is read; figures are the files beside it. */
export function markdown(summary: Summary, { command }: { command: string }): string {
  const { benchmarks, missing, damaged, recordCount } = summary;
  const figures = figuresOf(summary).map(
    ({ id, heading, caption }, i) =>
      `![${escape(heading)}](figures/${id}.png)\n\n**Figure ${i + 1}.** ${escape(caption)} Data: [${id}.csv](tables/${id}.csv)`,
  );
  const parts = [
    '# Weight map benchmark',
    recordCount === 0 && 'No cell is finished yet.',
    ...benchmarks.map(answer),
    ...figures,
    '## Provenance',
    escape(provenanceSentence(summary)),
    protocolLines(summary)
      .map((line) => `- ${escape(line)}`)
      .join('\n'),
    `Made by ${codeSpan(command)}. Data: [provenance.csv](tables/provenance.csv)`,
    '## What is missing',
    damaged.length > 0 &&
      `${count(damaged.length, 'damaged record')} left out:\n\n${damaged.map(({ file, reason }) => `- ${codeSpan(file)}: ${escape(reason)}`).join('\n')}`,
    missing.length === 0
      ? 'Nothing: every row of the paper’s tables has a result.'
      : table(
          ['Variant', 'Data', 'Here', 'Paper’s test error, %', 'Why'],
          missing.map(({ row, reason }) => [
            variantName(row.variant, row.variant.split('-')[0]).long,
            paperDatasetLabels[row.dataset],
            NONE,
            `${percent(row.testErrorPercent)} ± ${percent(row.plusMinus)}`,
            escape(reason),
          ]),
        ),
    `Paper: ${paperCitation.authors}, “${paperCitation.title}”, [arXiv:1905.00568v2](${paperCitation.url}).`,
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

function answer(benchmark: Benchmark): string {
  const claims = claimsOf(benchmark);
  const { variants } = benchmark;
  return [
    `## ${escape(headlineOf(benchmark, claims))}`,
    '',
    ...cautionsOf(benchmark).map((caution) => `> ${escape(caution)}\n`),
    ...claims.map(({ under, leaders, error, next, verdict }) =>
      [
        `- Lowest error, ${escape(under)}: **${leaders.map(({ name }) => escape(name.long)).join(' and ')}** with ${meanSd(error)} % (n = ${error.n})`,
        next && `; next ${escape(next.variant.name.long)} with ${meanSd(next.error)} %`,
        `: ${verdictText[verdict]}.`,
      ]
        .filter(Boolean)
        .join(''),
    ),
    '',
    table(
      [
        ...['Variant', 'Test error, %', 'Paper’s', 'Difference'],
        ...(['noise', 'fgsm'] as const).map((condition) => escape(conditionLabel(benchmark, condition))),
        ...['n', 'Parameters', 'FLOPs, paper’s count', 'FLOPs, executed'],
      ],
      variants.map((variant) => [
        escape(variant.name.long),
        ...resultCells(variant).map((cell, i) =>
          i === DIFFERENCE && variant.paper?.outside ? `**${cell}**` : cell,
        ),
        number(variant.parameters),
        short(variant.flops.paper),
        short(variant.flops.executed),
      ]),
    ),
    '',
    differenceNote(benchmark),
  ].join('\n');
}

/** Place of the difference among the cells that the tables share. */
const DIFFERENCE = 2;

const table = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  [columns, columns.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');

/** Text that Markdown shows as it is. */
const escape = (text: string): string =>
  plain(text).replace(/[\\`*_[\]<>|#]/g, (character) => `\\${character}`);

const codeSpan = (text: string): string => `\`${plain(text).replaceAll('`', '’')}\``;
