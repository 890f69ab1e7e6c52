import type { AttackedRun } from '@weightmap/records';
import { answer } from './answer.js';
import { attackedGrids } from '../model/attacked-grids.js';
import { attackedHeadlines } from '../model/attacked-headline.js';
import { attackedGroups } from '../model/attacked-networks.js';
import { attacksSection } from './attacks-section.js';
import { csvLink, figure } from './_figure.js';
import { html, type Html } from './html.js';
import { comparisonTables, notEvidenceText } from './claims-section.js';
import { toCsv } from '../csv.js';
import { count } from '../format.js';
import type { Figure } from '../figures/figures.js';
import { gradCamCsv } from '../figures/grad-cam-panel.js';
import {
  gradCamGrids,
  gradCamTable,
  leftOutNote,
  magnificationNote,
  picturedTrial,
} from '../model/grad-cam-grid.js';
import { hasEvidence } from '../model/headline.js';
import { damagedList, FILL_TEXT, missingTable } from './missing.js';
import { resultTables } from '../model/paper-tables.js';
import { protocolLines, provenanceCsv, provenanceSentence, provenanceTable } from './provenance.js';
import { differenceNote, resultData } from '../model/result-data.js';
import { resultTable } from './result-table.js';
import type { Album } from '../model/pictures.js';
import type { Summary } from '../model/summary.js';

/** What a page is made of. */
export interface PageOptions {
  summary: Summary;
  figures: readonly Figure[];
  album: Album;
  /** What `weightmap attack` found, if it was run. */
  attacked: AttackedRun | null;
  /** The run's folder. */
  run: string;
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

/** The figures that the claims are about. */
const figureOfClaim: Readonly<Record<string, Figure['id']>> = {
  ...{ C1: 'overview', C2: 'overview', C3: 'overview', C11: 'overview' },
  ...{ C4: 'noise', C5: 'noise', C6: 'noise', C7: 'fgsm', C8: 'fgsm', C9: 'fgsm' },
  ...{ C10: 'sharpness', C12: 'variance', C13: 'noise', C14: 'noise', C15: 'noise' },
};

/** The parts of the page; what there is no data for is left out. */
export interface Parts {
  /** The figure that carries the answer. */
  readonly claims: Html | null;
  /** A link to the figure that a claim is about. */
  readonly linkOf: (claim: string) => Html | null;
  readonly sections: readonly Section[];
}

export function partsOf(options: PageOptions): Parts {
  const { summary, figures, command } = options;
  const numberOf = (id: Figure['id']) => figures.findIndex((one) => one.id === id) + 1;
  const drawn = (id: Figure['id']): Section[] =>
    figures
      .filter((one) => one.id === id)
      .map((one) => ({
        id,
        heading: one.heading,
        content: figure(one, { number: numberOf(id), command }),
        isHalf: one.panels.length === 1,
      }));
  const sections = [
    ...drawn('overview').map((overview) => ({
      ...overview,
      content: html`${summary.benchmarks.map(answer)}${overview.content}`,
      isHalf: false,
    })),
    ...results(summary),
    ...drawn('noise'),
    ...drawn('fgsm'),
    ...underAttack(options, drawn('attacks')[0]?.content ?? null),
    ...gradCam(options),
    ...drawn('sharpness').map((sharpness) => ({ ...sharpness, isHalf: false })),
    ...drawn('variance').map((variance) => ({ ...variance, isHalf: false })),
    ...comparisons(summary),
    ...drawn('history').map((history) => ({ ...history, isHalf: false })),
    provenance(options),
    missing(summary),
  ];
  return {
    claims: drawn('claims')[0]?.content ?? null,
    linkOf: (claim) => {
      const number = numberOf(figureOfClaim[claim]);
      return number > 0
        ? html`<a href="#figure-${figureOfClaim[claim]}">Figure ${number}</a>,
            <a href="#claim-${claim}">comparisons</a>`
        : html`<a href="#claim-${claim}">Comparisons</a>`;
    },
    sections,
  };
}

function underAttack(
  { attacked, run, summary: { benchmarks }, album, command }: PageOptions,
  curves: Html | null,
): Section[] {
  if (!attacked) return [];
  const groups = attackedGroups(attacked, benchmarks);
  const overview = {
    ...{ headlines: attackedHeadlines(groups), curves, grids: attackedGrids(run, groups, album) },
    ...{ album, command },
  };
  return [{ id: 'attacks', heading: 'Under attack', content: attacksSection(attacked, overview) }];
}

function results(summary: Summary): Section[] {
  const tables = resultTables(summary);
  if (tables.length === 0) return [];
  const shown = tables.map((table) => [
    resultTable(table),
    html`<p class="sources">
      ${differenceNote(table.benchmark)} ${csvLink(`${table.id}.csv`, toCsv(resultData([table])))} ·
      <a href="tables/${table.id}.tex">as LaTeX</a>
    </p>`,
  ]);
  const note = html`<p class="sources">
    FLOPs are floating-point operations an image: by the paper’s count (its naive form, convolutions alone),
    and those that are really executed.
  </p>`;
  return [{ id: 'results', heading: 'Compared with the paper', content: html`${shown}${note}` }];
}

function comparisons({ benchmarks, verification }: Summary): Section[] {
  if (!hasEvidence(benchmarks)) return [];
  const { claims, leftAside } = verification;
  const aside =
    leftAside > 0 &&
    html`<p>
      ${count(leftAside, 'record')} left out: of each dataset, only records of the same conditions are
      compared, those of the most epochs.
    </p>`;
  const notEvidence = notEvidenceText(verification);
  return [
    {
      ...{ id: 'comparisons', heading: 'Every comparison' },
      content: html`${notEvidence && html`<p>${notEvidence}</p>`}${aside}${comparisonTables(claims)}`,
    },
  ];
}

function gradCam({ summary: { benchmarks }, album, command }: PageOptions): Section[] {
  const grids = gradCamGrids(benchmarks, album);
  const leftOut = benchmarks.some(({ variants }) => variants.some(picturedTrial)) ? leftOutNote(album) : null;
  if (grids.length === 0 && !leftOut) return [];
  const note = html`<p class="sources">
    The paper’s figure 5. Brighter counts more for the class that is predicted. Each place of a map is a
    block, nothing is blurred; the pictures are of the first trial that has them. ✗ marks a wrong prediction,
    the percentage is its probability. ${magnificationNote(grids)} ${leftOut}
    ${csvLink('grad-cam.csv', gradCamCsv(benchmarks))} · made by <code>${command}</code>
  </p>`;
  return [
    {
      id: 'grad-cam',
      heading: 'Where the models look',
      content: html`<div class="grids">${grids.map((grid) => gradCamTable(grid, album))}</div>
        ${note}`,
    },
  ];
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
            : `${rows} of the paper’s 31 rows ${rows === 1 ? 'has' : 'have'} no result on the paper’s data in this run.`
        }
      </p>
      ${summary.fill && html`<p>${FILL_TEXT} <code>${summary.fill.command}</code></p>`}
      ${
        table &&
        html`<details>
          <summary>Which rows, and why</summary>
          ${table}
        </details>`
      }`,
  };
}
