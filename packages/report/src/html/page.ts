import { count } from '../format.js';
import { concernsPaper, hasEvidence, NO_EVIDENCE } from '../model/headline.js';
import { verdictHeadline } from '../model/verdicts.js';
import { paperCitation } from '../paper-values.js';
import type { ReportModel } from '../report-model.js';
import { documentOf } from './_document.js';
import { verdictList } from './claims-section.js';
import { firstScreen } from './first-screen.js';
import { html, type Html } from './html.js';
import { partsOf, type Section } from './sections.js';

/** The page stays under 2 MB: it has as many pictures as fit. */
const PAGE_BYTES = 1_900_000;

/** The report as one page that needs nothing else, with as many samples of pictures as it can hold. */
export function page(model: ReportModel): string {
  const whole = pageWith(model, model.pictures.album.samples);
  if (Buffer.byteLength(whole) <= PAGE_BYTES) return whole;
  let [page, fits, tooMany] = [pageWith(model, 0), 0, model.pictures.album.samples];
  while (tooMany - fits > 1) {
    const samples = Math.floor((fits + tooMany) / 2);
    const text = pageWith(model, samples);
    if (Buffer.byteLength(text) <= PAGE_BYTES) [page, fits] = [text, samples];
    else tooMany = samples;
  }
  return page;
}

function pageWith(model: ReportModel, samples: number): string {
  const { benchmarks, recordCount, damaged, verification } = model;
  const { answer, claims, linkOf, sections } = partsOf(model, samples);
  const kicker = [
    'Weight map benchmark',
    count(recordCount, 'record'),
    ...(damaged.length > 0 ? [`${count(damaged.length, 'damaged record')} left out`] : []),
  ];
  const verdicts = () =>
    hasEvidence(benchmarks)
      ? html`<h2>${verdictHeadline(verification)}</h2>
          <div class="verdict-columns">
            <div>${verdictList(verification.claims, linkOf)}</div>
            ${claims}
          </div>`
      : html`<h2>${NO_EVIDENCE}</h2>`;
  const answers =
    recordCount > 0
      ? html`${firstScreen(model, answer)}
        ${concernsPaper(benchmarks) && html`<div class="of-claims">${verdicts()}</div>`}`
      : html`<h1>No cell is finished yet</h1>
          <p>The report fills as the cells of the run finish.</p>`;
  const body = html`<a class="skip" href="#main">Skip to the results</a>
    <div class="wrap">
      <header>
        <p class="kicker">${kicker.join(' · ')}</p>
        ${answers}
        <nav aria-label="Contents">
          <ul>
            ${sections.map(({ id, heading }) => html`<li><a href="#${id}">${heading}</a></li>`)}
          </ul>
        </nav>
      </header>
      <main id="main">${inRows(sections)}</main>
      <footer>
        Paper: ${paperCitation.authors}, “${paperCitation.title}”,
        <a href="${paperCitation.url}">arXiv:1905.00568v2</a>. ± is the sample standard deviation over trials,
        [ ] a 95 % interval over the test images of a single trial. The numbers on this page come from the
        run’s records alone. This page needs no other file; files that it names (<code>figures/…</code>,
        <code>tables/…</code>) lie in the folder <code>report</code> of the run.
      </footer>
    </div>`;
  const title = ['Weight map benchmark', ...benchmarks.map((benchmark) => benchmark.title)].join(' · ');
  return documentOf(title, body);
}

/** Two halves in a row are side by side where there is room. */
function inRows(sections: readonly Section[]): Html[] {
  const rows: Html[] = [];
  for (let i = 0; i < sections.length; i++) {
    const [one, next] = sections.slice(i, i + 2);
    if (one.isHalf && next?.isHalf) {
      rows.push(html`<div class="side-by-side">${section(one)}${section(next)}</div>`);
      i++;
    } else rows.push(section(one));
  }
  return rows;
}

const section = ({ id, heading, content }: Section): Html =>
  html`<section id="${id}" aria-labelledby="${id}-heading">
    <h2 id="${id}-heading">${heading}</h2>
    ${content}
  </section>`;
