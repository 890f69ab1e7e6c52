import { csvLink, figure } from './_figure.js';
import { html, type Html } from './_html.js';
import { count } from '../format.js';
import { figuresOf, type Figure } from './figures.js';
import { gradCamGrid } from './grad-cam-grid.js';
import { damagedList, missingTable } from './missing.js';
import { protocolLines, provenanceCsv, provenanceSentence, provenanceTable } from './provenance.js';
import { differenceNote, resultTable } from './result-table.js';
import type { Pictures } from './pictures.js';
import type { Summary } from './summary.js';

/** What a page is made of. */
export interface PageOptions {
  summary: Summary;
  pictures: Pictures;
  /** What makes this page again. */
  command: string;
}

/** A part of the page: an entry of the contents, a heading, what is under it. */
export interface Section {
  readonly id: string;
  readonly heading: string;
  readonly content: Html;
  /** Two small ones after another share a row. */
  readonly isHalf?: boolean;
}

/** The figure that carries the answer, and the sections after it; what there is no data for is left out. */
export function sectionsOf(options: PageOptions): { overview: Html | null; sections: readonly Section[] } {
  const { summary, command } = options;
  const figures = figuresOf(summary);
  const drawn = (id: Figure['id']): Section[] =>
    figures.flatMap((one, i) =>
      one.id === id
        ? [
            {
              id,
              heading: one.heading,
              content: figure(one, { number: i + 1, command }),
              isHalf: one.panels.length === 1,
            },
          ]
        : [],
    );
  const sections = [
    ...results(summary),
    ...drawn('noise'),
    ...drawn('fgsm'),
    ...gradCam(options),
    ...drawn('history').map((history) => ({ ...history, isHalf: false })),
    provenance(options),
    missing(summary),
  ];
  return { overview: drawn('overview')[0]?.content ?? null, sections };
}

function results({ benchmarks }: Summary): Section[] {
  if (benchmarks.length === 0) return [];
  const tables = benchmarks.map((benchmark) => [
    resultTable(benchmark),
    html`<p>${differenceNote(benchmark)}</p>`,
  ]);
  const note = html`<p class="sources">
    FLOPs are floating-point operations an image: by the paper’s count (its naive form, convolutions alone),
    and those that are really executed.
  </p>`;
  return [{ id: 'results', heading: 'Beside the paper', content: html`${tables}${note}` }];
}

function gradCam({ summary: { benchmarks }, pictures }: PageOptions): Section[] {
  const grids = benchmarks.flatMap((benchmark) => gradCamGrid(benchmark, pictures) ?? []);
  if (grids.length === 0) return [];
  const note = html`<p class="sources">
    Brighter counts more for the class that is predicted. Pictures are shown pixel by pixel, of the first
    trial that has them; ✗ marks a wrong prediction, the percentage is its probability.
  </p>`;
  return [{ id: 'grad-cam', heading: 'Where the models look', content: html`${grids}${note}` }];
}

function provenance({ summary, command }: PageOptions): Section {
  const records =
    summary.recordCount > 0 &&
    html`<details>
      <summary>Every record</summary>
      ${provenanceTable(summary)}
    </details>`;
  return {
    id: 'provenance',
    heading: 'Provenance',
    content: html`<p>${provenanceSentence(summary)}</p>
      <ul>
        ${protocolLines(summary).map((line) => html`<li>${line}</li>`)}
      </ul>
      ${records}
      <p class="sources">
        ${csvLink('provenance.csv', provenanceCsv(summary))} · made by <code>${command}</code>
      </p>`,
  };
}

function missing(summary: Summary): Section {
  const rows = summary.missing.length;
  const damaged = damagedList(summary);
  const table = missingTable(summary);
  return {
    id: 'missing',
    heading: 'What is missing',
    content: html`${damaged && [html`<h3>${count(summary.damaged.length, 'damaged record')}, left out</h3>`, damaged]}
      <p>
        ${
          rows === 0
            ? 'Every row of the paper’s tables has a result.'
            : `${rows} of the paper’s 31 rows have no result on the paper’s data in this run.`
        }
      </p>
      ${
        table &&
        html`<details>
          <summary>Which rows, and why</summary>
          ${table}
        </details>`
      }`,
  };
}
