import type { ShownNetwork } from '@weightmap/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Actions, State } from '../state.js';
import { differencePicture, heatPicture, imagePicture } from './pictures.js';
import { probabilityBars } from './probability-bars.js';
import { searchResult } from './search.js';
import { truthOf, verdictOf } from './verdict.js';

const count = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

/** One network: its input, its prediction, and Grad-CAM. */
export function networkCard(network: ShownNetwork, state: State, actions: Actions): TemplateResult {
  const answer = state.answers.get(network.file);
  const isBehind = answer?.wish !== state.wish;
  return html`<article
    class="network"
    aria-busy=${isBehind}
    aria-labelledby="name-${network.id}"
    data-network=${network.id}
  >
    <h3 id="name-${network.id}"><span class=${keyClass(network)}></span>${network.label}</h3>
    <p class="facts">${facts(network, state)}</p>
    ${network.notice === undefined ? nothing : html`<p class="caution">${network.notice}</p>`}
    ${
      answer === undefined
        ? html`<p class="waiting">Loading …</p>`
        : answer.problem !== undefined
          ? html`<p class="problem" role="alert">${answer.problem}</p>`
          : html`${looked(answer, state)} ${searchResult(network, state, actions)}`
    }
  </article>`;
}

/** Of a line in the colour of a network: dashed with a defence. */
export const keyClass = ({ kind, defense }: ShownNetwork): string =>
  `key ${kind}${defense ? ' defended' : ''}`;

function facts(
  { file, testErrorPercent, defense }: ShownNetwork,
  { facts: known, benchmark }: State,
): string {
  const of = known.get(file);
  const baseline = benchmark.networks.find(({ id }) => id === defense?.baseline);
  return [
    ...(testErrorPercent === null ? [] : [`${testErrorPercent.toFixed(2)} % test error`]),
    ...(of ? [`${count.format(of.parameters)} parameters`] : []),
    ...(of && of.flops !== null ? [`${count.format(of.flops)} FLOPs`] : []),
    ...(baseline ? [`baseline: ${baseline.label}`] : []),
  ].join(' · ');
}

function looked(
  answer: Extract<NonNullable<ReturnType<State['answers']['get']>>, { look: object }>,
  { benchmark }: State,
): TemplateResult {
  const { wish, look } = answer;
  const { classes } = benchmark;
  const { isRight, text } = verdictOf(answer, classes);
  const difference = differencePicture(look.attacked, wish.image.pixels, benchmark);
  const isChanged = wish.strength > 0;
  return html`<p class="verdict ${isRight ? 'right' : 'wrong'}">
      <span class="mark" aria-hidden="true">${isRight ? '✓' : '✗'}</span> ${text}
    </p>
    <div class="pictures">
      <figure>
        <pixel-picture
          data-part="attacked"
          aria-label="The input of the network"
          .picture=${imagePicture(look.attacked, benchmark)}
        ></pixel-picture>
        <figcaption>input</figcaption>
      </figure>
      <figure>
        <pixel-picture
          data-part="difference"
          aria-label="The change of the image, around mid-gray"
          .picture=${difference}
        ></pixel-picture>
        <figcaption>change${isChanged ? html`, ×${difference.factor.toPrecision(2)}` : nothing}</figcaption>
      </figure>
      <figure>
        <pixel-picture
          data-part="heat"
          aria-label="Grad-CAM: regions that support ${classes.at(look.predicted) ?? 'abstaining'} are bright"
          .picture=${heatPicture(look.heat, look.heatShape, look.attacked, benchmark)}
        ></pixel-picture>
        <figcaption>Grad‑CAM</figcaption>
      </figure>
    </div>
    ${probabilityBars(look, { classes, truth: truthOf(answer), isLabel: wish.image.label !== null })}`;
}
