import { toCsv } from '../csv.js';
import type { Figure } from '../figures/figures.js';
import { gradCamCsv } from '../figures/grad-cam-panel.js';
import { leftOutNote } from '../figures/pictures.js';
import { count } from '../format.js';
import { firstSamples, magnificationNote } from '../model/grids.js';
import { concernsPaper, hasEvidence } from '../model/headline.js';
import { FILL_TEXT } from '../model/missing.js';
import { protocolLines, provenanceCsv, provenanceSentence } from '../model/provenance.js';
import type { ResultTable } from '../model/paper-tables.js';
import { differenceNote, resultData, unmeasuredLines } from '../model/result-data.js';
import { SWEEP_NOTE, sweepCsv, sweepRows } from '../model/sweep.js';
import { notEvidenceText } from '../model/verdicts.js';
import type { ReportModel } from '../report-model.js';
import { metricRows, metricsCsv } from '../model/metrics.js';
import { csvLink, figure, fileNamed } from './_figure.js';
import { table } from './_table.js';
import { answer } from './answer.js';
import { attacksSection } from './attacks-section.js';
import { comparedSection } from './compared-section.js';
import { comparisonTables } from './claims-section.js';
import { gradCamTable, heatLegend } from './grad-cam-table.js';
import { html, type Html } from './html.js';
import { damagedList, missingTable } from './missing.js';
import { provenanceTable } from './provenance-table.js';
import { resultTable } from './result-table.js';

/** A part of the page, with its entry in the contents. */
export interface Section {
  readonly id: string;
  readonly heading: string;
  readonly content: Html;
  /** Two small ones after another share a row. */
  readonly isHalf?: boolean;
}

/** The figures that the claims are about. */
const figureOfClaim: Readonly<Record<string, Figure['id']>> = {
  C1: 'overview',
  C2: 'overview',
  C3: 'overview',
  C11: 'overview',
  C4: 'noise',
  C5: 'noise',
  C6: 'noise',
  C7: 'fgsm',
  C8: 'fgsm',
  C9: 'fgsm',
  C10: 'sharpness',
  C12: 'variance',
  C13: 'noise',
  C14: 'noise',
  C15: 'noise',
};

/** The parts of the page; what there is no data for is left out. */
export interface Parts {
  /** The curve that carries the answer. */
  readonly answer: Html | null;
  /** The figure of the claims. */
  readonly claims: Html | null;
  /** A link to the figure that a claim is about. */
  readonly linkOf: (claim: string) => Html | null;
  readonly sections: readonly Section[];
}

/** @param samples how many samples of pictures are shown of each model. */
export function partsOf(model: ReportModel, samples: number): Parts {
  const { figures, command } = model;
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
    ...sweeps(model),
    ...drawn('overview').map((overview) => ({
      ...overview,
      content: html`${model.benchmarks.map(answer)}${overview.content}`,
      isHalf: false,
    })),
    ...results(model),
    ...metrics(model),
    ...drawn('noise'),
    ...drawn('fgsm'),
    ...underAttack(model, samples, drawn('attacks')[0]?.content ?? null),
    ...compared(model, drawn('defenses')[0]?.content ?? null),
    ...gradCam(model, samples),
    ...drawn('sharpness').map((sharpness) => ({ ...sharpness, isHalf: false })),
    ...drawn('variance').map((variance) => ({ ...variance, isHalf: false })),
    ...comparisons(model),
    ...drawn('history').map((history) => ({ ...history, isHalf: false })),
    provenance(model),
    ...missing(model),
  ];
  return {
    answer: drawn('answer')[0]?.content ?? null,
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
  { attacks, pictures, command }: ReportModel,
  samples: number,
  curves: Html | null,
): Section[] {
  if (!attacks) return [];
  const grids = firstSamples(pictures.attackedGrids, samples);
  const content = attacksSection(attacks, { curves, grids, album: pictures.album, command });
  return [{ id: 'attacks', heading: 'Under attack', content }];
}

function compared({ attacks }: ReportModel, figure: Html | null): Section[] {
  if (!attacks || attacks.compared.length === 0) return [];
  const content = comparedSection(attacks.compared, figure);
  return [{ id: 'defenses', heading: 'Compared with other defences', content }];
}

function sweeps({ sweeps: tables }: ReportModel): Section[] {
  if (tables.length === 0) return [];
  const shown = tables.map((one) => {
    const { head, rows } = sweepRows(one);
    return html`${table(`${one.title}: mean over the trials${one.rows.some(({ trials }) => trials > 1) ? ', ± standard deviation' : ''}`, head, rows)}
      <p class="sources">${SWEEP_NOTE} ${csvLink(`${one.id}.csv`, sweepCsv(one))}</p>`;
  });
  return [{ id: 'sweep', heading: 'Every value of the settings', content: html`${shown}` }];
}

function results({ tables, benchmarks }: ReportModel): Section[] {
  if (tables.length === 0) return [];
  const shown = tables.map((table) => [
    resultTable(table),
    html`<p class="sources">
        ${differenceNote(table.benchmark)} ${csvLink(`${table.id}.csv`, toCsv(resultData([table])))} · as
        LaTeX: ${fileNamed(`tables/${table.id}.tex`)}
      </p>
      ${unmeasured(table)}`,
  ]);
  const note = html`<p class="sources">
    FLOPs are floating-point operations an image: by the paper’s count (its naive form, convolutions alone),
    and those that are really executed.
  </p>`;
  return [
    {
      id: 'results',
      heading: concernsPaper(benchmarks) ? 'Compared with the paper' : 'Results',
      content: html`${shown}${note}`,
    },
  ];
}

function unmeasured(table: ResultTable): Html | false {
  const lines = unmeasuredLines(table);
  return (
    lines.length > 0 &&
    html`<p class="sources">Could not be measured:</p>
      <ul class="sources">
        ${lines.map((line) => html`<li>${line}</li>`)}
      </ul>`
  );
}

function metrics({ metrics: tables, benchmarks }: ReportModel): Section[] {
  if (tables.length === 0) return [];
  const shown = tables.map((one) => {
    const { head, rows } = metricRows(one);
    return table(`${one.title}: mean over the trials, ± standard deviation`, head, rows);
  });
  const content = html`${shown}
    <p class="sources">${csvLink('metrics.csv', metricsCsv(benchmarks))}</p>`;
  return [{ id: 'metrics', heading: 'Further metrics', content }];
}

function comparisons({ benchmarks, verification }: ReportModel): Section[] {
  if (!hasEvidence(benchmarks) || !concernsPaper(benchmarks)) return [];
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
      id: 'comparisons',
      heading: 'Every comparison',
      content: html`${notEvidence && html`<p>${notEvidence}</p>`}${aside}${comparisonTables(claims)}`,
    },
  ];
}

function gradCam({ benchmarks, pictures, command }: ReportModel, samples: number): Section[] {
  const { album, inRecords } = pictures;
  const grids = firstSamples(pictures.grids, samples);
  const leftOut = inRecords ? leftOutNote(album, samples) : null;
  if (grids.length === 0 && !leftOut) return [];
  const note = html`<p class="sources">
    ${concernsPaper(benchmarks) && 'The paper’s figure 5. '}Brighter counts more for the class that is
    predicted. Each place of a map is a block, nothing is blurred; the pictures are of the first trial that
    has them. ✗ marks a wrong prediction, the percentage is its probability. ${magnificationNote(grids)}
    ${leftOut} ${csvLink('grad-cam.csv', gradCamCsv(benchmarks))} · made by <code>${command}</code>
  </p>`;
  return [
    {
      id: 'grad-cam',
      heading: 'Where the models look',
      content: html`<div class="grids">${grids.map((grid) => gradCamTable(grid, album))}</div>
        ${grids.length > 0 && heatLegend()} ${note}`,
    },
  ];
}

function provenance(model: ReportModel): Section {
  const records =
    model.recordCount > 0 &&
    html`<details>
      <summary>Every record</summary>
      ${provenanceTable(model)}
    </details>`;
  return {
    id: 'provenance',
    heading: 'Provenance',
    content: html`<p>${provenanceSentence(model)}</p>
      <ul>
        ${protocolLines(model).map((line) => html`<li>${line}</li>`)}
      </ul>
      ${records}
      <p class="sources">
        ${csvLink('provenance.csv', provenanceCsv(model))} · made by <code>${model.command}</code>
      </p>`,
  };
}

/** `2 damaged records, left out` */
const damagedHeading = ({ damaged }: ReportModel): string =>
  damaged.length > 0 ? `${count(damaged.length, 'damaged record')}, left out` : 'Left out';

function missing(model: ReportModel): Section[] {
  const ofPaper = concernsPaper(model.benchmarks);
  if (!ofPaper && model.damaged.length + model.notes.length === 0) return [];
  const rows = model.missing.length;
  const damaged = damagedList(model);
  const table = missingTable(model);
  const content = html`${damaged && [html`<h3>${damagedHeading(model)}</h3>`, damaged]}
  ${
    ofPaper &&
    html`<p>
      ${
        rows === 0
          ? 'Every row of the paper’s tables has a result.'
          : `${rows} of the paper’s 31 rows ${rows === 1 ? 'has' : 'have'} no result on the paper’s data in this run.`
      }
    </p>`
  }
  ${model.fill && html`<p>${FILL_TEXT} <code>${model.fill.command}</code></p>`}
  ${
    table &&
    html`<details>
      <summary>Which rows, and why</summary>
      ${table}
    </details>`
  }`;
  return [{ id: 'missing', heading: 'What is missing', content }];
}
