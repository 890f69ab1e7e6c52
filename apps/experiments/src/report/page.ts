import { html, trusted, type Html } from './_html.js';
import { csvLink, figure } from './_figure.js';
import { count, meanSd } from './format.js';
import { figuresOf, type Figure } from './figures.js';
import { gradCamGrid } from './grad-cam-grid.js';
import { cautionsOf, claimsOf, headlineOf, verdictText, type Claim } from './headline.js';
import { damagedList, missingTable } from './missing.js';
import type { Pictures } from './pictures.js';
import { protocolLines, provenanceCsv, provenanceSentence, provenanceTable } from './provenance.js';
import { differenceNote, resultTable } from './result-table.js';
import { styles } from './styles.js';
import type { Benchmark, Summary } from './summarise.js';
import { paperCitation } from '../paper-values.js';

export interface PageOptions {
  summary: Summary;
  pictures: Pictures;
  /** What makes this page again. */
  command: string;
}

/** The whole report as one page that needs nothing else. */
export function page({ summary, pictures, command }: PageOptions): string {
  const { benchmarks, recordCount, damaged, missing } = summary;
  const figures = figuresOf(summary);
  const show = (id: Figure['id']) => {
    const at = figures.findIndex((candidate) => candidate.id === id);
    return at < 0 ? null : figure(figures[at], { number: at + 1, command });
  };
  const grids = benchmarks.flatMap((benchmark) => gradCamGrid(benchmark, pictures) ?? []);
  const missingRows = missingTable(summary);
  const curves = (['noise', 'fgsm'] as const).flatMap((id) => {
    const drawn = show(id);
    return drawn ? [part(id, figures.find((candidate) => candidate.id === id)!.heading, drawn)] : [];
  });
  const single = figures.every(({ id, panels }) => (id !== 'noise' && id !== 'fgsm') || panels.length < 2);
  const history = show('history');
  const contents = [
    benchmarks.length > 0 && ['results', 'Beside the paper'],
    ...curves.map((_, i) => [figures[i + 1].id, figures[i + 1].heading]),
    grids.length > 0 && ['grad-cam', 'Grad-CAM'],
    history && ['history', 'Training'],
    ['provenance', 'Provenance'],
    ['missing', 'What is missing'],
  ].filter((entry) => entry !== false && entry !== null) as [string, string][];

  const body = html`<a class="skip" href="#results">Skip to the results</a>
    <div class="wrap">
      <header>
        <p class="kicker">
          Weight map benchmark ·
          ${count(recordCount, 'record')}${damaged.length > 0 && ` · ${count(damaged.length, 'damaged record')} left out`}
        </p>
        ${
          benchmarks.length === 0 &&
          html`<h1>No cell is finished yet</h1>
            <p>The report fills as the cells of the run finish.</p>`
        }
        ${benchmarks.map((benchmark, i) => answer(benchmark, i === 0))} ${show('overview')}
        <nav aria-label="Contents">
          <ul>
            ${contents.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}
          </ul>
        </nav>
      </header>
      <main>
        ${
          benchmarks.length > 0 &&
          part(
            'results',
            'Beside the paper',
            html`${benchmarks.map(
                (benchmark) =>
                  html`${resultTable(benchmark)}
                    <p>${differenceNote(benchmark)}</p>`,
              )}
              <p>
                <small
                  >FLOPs are floating-point operations an image: by the paper’s count (its naive form,
                  convolutions alone), and those that are really executed.</small
                >
              </p>`,
          )
        }
        ${single ? html`<div class="side-by-side">${curves}</div>` : curves}
        ${
          grids.length > 0 &&
          part(
            'grad-cam',
            'Where the models look',
            html`${grids}
              <p class="sources">
                Brighter counts more for the class that is predicted. Pictures are shown pixel by pixel, of
                the first trial that has them; ✗ marks a wrong prediction, the percentage is its probability.
              </p>`,
          )
        }
        ${history && part('history', 'Training', history)}
        ${part(
          'provenance',
          'Provenance',
          html`<p>${provenanceSentence(summary)}</p>
            <ul>
              ${protocolLines(summary).map((line) => html`<li>${line}</li>`)}
            </ul>
            ${
              recordCount > 0 &&
              html`<details>
                <summary>Every record</summary>
                ${provenanceTable(summary)}
              </details>`
            }
            <p class="sources">
              ${csvLink('provenance.csv', provenanceCsv(summary))} · made by <code>${command}</code>
            </p>`,
        )}
        ${part(
          'missing',
          'What is missing',
          html`${damaged.length > 0 && html`<h3>${count(damaged.length, 'damaged record')}, left out</h3>`}${damagedList(summary)}
            <p>
              ${missing.length === 0 ? 'Nothing: every row of the paper’s tables has a result.' : `${missing.length} of the paper’s 31 rows have no result on the paper’s data in this run.`}
            </p>
            ${
              missingRows &&
              html`<details>
                <summary>Which rows, and why</summary>
                ${missingRows}
              </details>`
            }`,
        )}
      </main>
      <footer>
        Paper: ${paperCitation.authors}, “${paperCitation.title}”,
        <a href="${paperCitation.url}">arXiv:1905.00568v2</a>. Mean ± is the sample standard deviation over
        trials. The numbers of this page come from the records beside it alone.
      </footer>
    </div>`;
  const title =
    benchmarks.length > 0
      ? `${benchmarks.map((benchmark) => benchmark.title).join(', ')} · weight map benchmark`
      : 'Weight map benchmark';
  return `<!doctype html>\n${html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>${title}</title>
      <link rel="icon" href="data:," />
      <style>
        ${trusted(styles)}
      </style>
    </head>
    <body>
      ${body}
    </body>
  </html>`}\n`;
}

function answer(benchmark: Benchmark, isFirst: boolean): Html {
  const claims = claimsOf(benchmark);
  const headline = headlineOf(benchmark, claims);
  const cautions = cautionsOf(benchmark);
  return html`<div class="answer">
    ${isFirst ? html`<h1>${headline}</h1>` : html`<h2>${headline}</h2>`}
    ${cautions.length > 0 && html`<div class="caution" role="note">${cautions.map((caution) => html`<p>${caution}</p>`)}</div>`}
    <ul class="claims">
      ${claims.map(claimItem)}
    </ul>
  </div>`;
}

function claimItem({ under, leaders, error, next, verdict }: Claim): Html {
  const [{ name }] = leaders;
  const then = next && `; next ${next.variant.name.long} with ${meanSd(next.error)} %`;
  return html`<li>
    <span class="under">Lowest error, ${under}</span>
    <span class="value"
      ><span class="key ${name.kind} ${name.alternating && 'alternating'}" aria-hidden="true"></span
      >${meanSd(error)} %
    </span>
    <span>${leaders.map((leader) => leader.name.long).join(' and ')}</span>
    <span class="verdict">n = ${error.n}${then}: ${verdictText[verdict]}</span>
  </li>`;
}

const part = (id: string, heading: string, content: Html): Html =>
  html`<section id="${id}" aria-labelledby="${id}-heading">
    <h2 id="${id}-heading">${heading}</h2>
    ${content}
  </section>`;
