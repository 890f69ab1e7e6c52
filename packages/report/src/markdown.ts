import { mapText, scaleText, weightMapFile } from './figures/weight-maps.js';
import { answerSentence, QUESTION, WEIGHT_MAP } from './model/answer.js';
import { verdictText } from './claims/index.js';
import { count, NONE, number, percent, plain, strength } from './format.js';
import type { ComparedGroup } from './model/compared-defenses.js';
import { comparedHeadline, comparedRows, comparedSentences } from './model/compared-table.js';
import { conditionLabel } from './model/condition.js';
import {
  cautionsOf,
  concernsPaper,
  hasEvidence,
  headlineOf,
  namesOf,
  NO_EVIDENCE,
  rankingsOf,
  shownRankings,
} from './model/headline.js';
import { errorText, notationNote } from './model/intervals.js';
import { FILL_TEXT } from './model/missing.js';
import { metricRows, type MetricTable } from './model/metrics.js';
import { nameOfRow, type ResultTable } from './model/paper-tables.js';
import { protocolLines, provenanceSentence } from './model/provenance.js';
import {
  differenceNote,
  flopsCells,
  paperHeading,
  resultCells,
  shownCells,
  unmeasuredLines,
} from './model/result-data.js';
import type { Benchmark, Summary } from './model/summary.js';
import { SWEEP_NOTE, sweepRows, type SweepTable } from './model/sweep.js';
import { verdictData, verdictHeadline } from './model/verdicts.js';
import { paperCitation, paperDatasetLabels } from './paper-values.js';
import type { ReportModel } from './report-model.js';
import { variantName } from './variant-names.js';

/** The report for where Markdown is read; figures are the files beside it. */
export function markdown(model: ReportModel): string {
  const { benchmarks, missing, damaged, notes, recordCount, fill } = model;
  const drawn = model.figures.map(
    ({ id, heading, caption }, i) =>
      `![${escape(heading)}](figures/${id}.png)\n\n**Figure ${i + 1}.** ${escape(caption)} Data: [${id}.csv](tables/${id}.csv)`,
  );
  const drawnAs = (id: string) => drawn[model.figures.findIndex((figure) => figure.id === id)] ?? null;
  const others = drawn.filter((_, i) => !['answer', 'claims'].includes(model.figures[i].id));
  const ofPaper = concernsPaper(benchmarks);
  const grids = [...model.pictures.grids, ...model.pictures.attackedGrids];
  const pictures = grids.map(({ id, title }) => `![Grad-CAM, ${escape(title)}](figures/${id}.png)`);
  const parts = [
    '# Weight map benchmark',
    ...answers(),
    ...model.sweeps.map(sweepMarkdown),
    ...benchmarks.map(answer),
    ...model.tables.map(resultMarkdown),
    ...model.metrics.map(metricMarkdown),
    ...(model.attacks?.headlines ?? []).map((line) => `### ${escape(line)}`),
    ...others,
    ...(model.attacks?.compared ?? []).map(comparedMarkdown),
    ...pictures,
    '## Provenance',
    escape(provenanceSentence(model)),
    protocolLines(model)
      .map((line) => `- ${escape(line)}`)
      .join('\n'),
    `Made by ${codeSpan(model.command)}. Data: [provenance.csv](tables/provenance.csv)`,
    ofPaper || damaged.length + notes.length > 0 ? '## What is missing' : null,
    damaged.length > 0 &&
      `${count(damaged.length, 'damaged record')} left out:\n\n${damaged.map(({ file, reason }) => `- ${codeSpan(file)}: ${escape(reason)}`).join('\n')}`,
    notes.length > 0 && notes.map((note) => `- ${escape(note)}`).join('\n'),
    fill && `${FILL_TEXT} ${codeSpan(fill.command)}`,
    !ofPaper
      ? null
      : missing.length === 0
        ? 'Nothing: every row of the paper’s tables has a result.'
        : table(
            ['Variant', 'Data', 'Here', 'Paper’s test error, %', 'Why'],
            missing.map(({ row, reason }) => [
              variantName(row.variant).long,
              paperDatasetLabels[row.dataset],
              NONE,
              `${percent(row.testErrorPercent)} ± ${percent(row.plusMinus)}`,
              escape(reason),
            ]),
          ),
    `Paper: ${paperCitation.authors}, “${paperCitation.title}”, [arXiv:1905.00568v2](${paperCitation.url}).`,
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;

  function answers(): (string | null)[] {
    if (recordCount === 0) return ['No cell is finished yet.'];
    return [
      `_${QUESTION}_`,
      `## ${escape(answerSentence(model))}`,
      drawnAs('answer'),
      escape(WEIGHT_MAP),
      ...model.weightMaps.map(
        (one) =>
          `![${escape(mapText(one))}](${weightMapFile(one)})\n\n${escape(`${one.name.long}: ${scaleText(one)}`)}`,
      ),
      ...(!ofPaper
        ? []
        : hasEvidence(benchmarks)
          ? [verdicts(model), drawnAs('claims')]
          : [`## ${NO_EVIDENCE}`]),
    ];
  }
}

/** One sentence a claim with its verdict. */
function verdicts({ verification }: Summary): string {
  const { claims } = verification;
  const { columns, rows } = verdictData(claims);
  return [
    `## ${escape(verdictHeadline(verification))}`,
    claims
      .map(
        ({ id, verdict, power, statement, at, reason }) =>
          `- **${id} ${verdictText({ verdict, power })}**${at ? ` (${escape(at)})` : ''}: ${escape(statement)} _${escape(reason)}_`,
      )
      .join('\n'),
    table(
      columns,
      rows.map((row) => row.map((cell) => escape(String(cell ?? NONE)))),
    ),
  ].join('\n\n');
}

function answer(benchmark: Benchmark): string {
  const { conditions } = benchmark;
  return [
    `## ${escape(headlineOf(benchmark, rankingsOf(benchmark)))}`,
    ...cautionsOf(benchmark).map((caution) => `> ${escape(caution)}`),
    shownRankings(benchmark)
      .map(({ condition, under, leaders, error, next, reason }) =>
        [
          `- Lowest error, ${escape(under)}: **${escape(namesOf(leaders))}**, ${escape(errorText(conditions, condition, error))} % (n = ${error.n})`,
          next &&
            `; next ${escape(next.variant.name.long)}, ${escape(errorText(conditions, condition, next.error))} %${next.lead ? ` (${escape(next.lead)} points)` : ''}`,
          `: ${escape(reason)}.`,
        ]
          .filter(Boolean)
          .join(''),
      )
      .join('\n'),
  ].join('\n\n');
}

function resultMarkdown(result: ResultTable): string {
  const { id, title, benchmark, rows } = result;
  const shown = shownCells(
    result,
    [
      ...['Variant', 'Test error, %', escape(paperHeading(benchmark, 'Paper')), 'Difference'],
      ...(['noise', 'fgsm'] as const).map((condition) => escape(conditionLabel(benchmark, condition))),
      ...['n', 'Parameters', 'FLOPs, paper’s count', 'FLOPs, executed'],
    ],
    rows.map((row) => {
      const name = escape(nameOfRow(row).long);
      const { variant, missing } = row;
      if (!variant) {
        const { testErrorPercent, plusMinus } = missing.row;
        const paper = `${percent(testErrorPercent)} ± ${percent(plusMinus)}`;
        return [name, NONE, paper, ...Array<string>(7).fill(NONE)];
      }
      return [
        name,
        ...resultCells(benchmark, variant).map((cell, i) =>
          i === DIFFERENCE && variant.paper?.isDifferent ? `**${cell}**` : escape(cell),
        ),
        ...[number(variant.parameters), ...flopsCells(variant)],
      ];
    }),
  );
  const unmeasured = unmeasuredLines(result).map((line) => `- ${escape(line)}`);
  return [
    `### ${escape(title)}`,
    table(shown.columns, shown.rows),
    `${escape(notationNote(benchmark))}. ${escape(differenceNote(benchmark))} Data: [${id}.csv](tables/${id}.csv), [${id}.tex](tables/${id}.tex)`,
    ...(unmeasured.length > 0 ? [`Could not be measured:\n\n${unmeasured.join('\n')}`] : []),
  ].join('\n\n');
}

function comparedMarkdown(group: ComparedGroup): string {
  const { head, rows } = comparedRows(group, group.shown);
  const headline = comparedHeadline(group);
  return [
    `### Compared with other defences: ${escape(group.title)}, L∞ ε = ${strength(group.shown)}`,
    ...(headline ? [`**${escape(headline)}.**`] : []),
    table(
      head.map(escape),
      rows.map((row) => row.map(escape)),
    ),
    comparedSentences(group)
      .map((sentence) => `- ${escape(sentence)}`)
      .join('\n'),
    'Data: [defenses.csv](tables/defenses.csv), [rejection.csv](tables/rejection.csv)',
  ].join('\n\n');
}

function sweepMarkdown(sweep: SweepTable): string {
  const { head, rows } = sweepRows(sweep);
  return [
    `### Every value of the settings: ${escape(sweep.title)}`,
    table(
      head.map(escape),
      rows.map((row) => row.map(escape)),
    ),
    `${SWEEP_NOTE} Data: [${sweep.id}.csv](tables/${sweep.id}.csv)`,
  ].join('\n\n');
}

function metricMarkdown(metrics: MetricTable): string {
  const { head, rows } = metricRows(metrics);
  return [
    `### Further metrics: ${escape(metrics.title)}`,
    table(
      head.map(escape),
      rows.map((row) => row.map(escape)),
    ),
    'Mean over the trials, ± standard deviation. Data: [metrics.csv](tables/metrics.csv)',
  ].join('\n\n');
}

/** Place of the difference among the cells that the tables share. */
const DIFFERENCE = 2;

const table = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  [columns, columns.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');

/** Text that Markdown shows as it is. */
const escape = (text: string): string =>
  plain(text).replace(/[\\`*_[\]<>|#&~]/g, (character) => `\\${character}`);

const codeSpan = (text: string): string => `\`${plain(text).replaceAll('`', '’')}\``;
