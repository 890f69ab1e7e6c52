import { mapText, scaleText, type DrawnWeightMap } from '../figures/weight-maps.js';
import { answerSentence, QUESTION, WEIGHT_MAP } from '../model/answer.js';
import type { ReportModel } from '../report-model.js';
import { cautions } from './answer.js';
import { html, type Html } from './html.js';

/** What a reader sees first: the answer, its curve, what a weight map is. @param curve the figure; null without one. */
export const firstScreen = (model: ReportModel, curve: Html | null): Html =>
  html`<p class="question">${QUESTION}</p>
    <h1>${answerSentence(model)}</h1>
    ${cautions(model.benchmarks)}
    <div class="first-screen">
      ${curve}
      <div class="weight-maps">
        <h2>What a weight map is</h2>
        <p>${WEIGHT_MAP}</p>
        ${
          model.weightMaps.length > 0 &&
          html`<div class="sheets">${model.weightMaps.map(sheet)}</div>
            <p class="sources">
              Learned weights, a square a channel, a pixel a weight.
              <span class="map-scale" aria-hidden="true"></span> blue: below 0, white: 0, orange: above 0.
            </p>`
        }
      </div>
    </div>`;

const sheet = (drawn: DrawnWeightMap): Html =>
  html`<div>
    <img src="data:image/png;base64,${drawn.png.toString('base64')}" alt="${mapText(drawn)}" />
    <p class="sources"><b>${drawn.name.short}</b>, ${scaleText(drawn)}</p>
  </div>`;
