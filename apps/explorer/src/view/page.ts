import type { Showcase } from '@weightmap/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { shownNetworks, valuesOf, type Actions, type State } from '../state.js';
import { formatStrength, strengthScale } from '../strength-scale.js';
import { attackControls, settings } from './controls.js';
import { imageChoice } from './image-choice.js';
import { networkCard } from './network-card.js';
import { summaryOf } from './verdict.js';

/** The whole page. */
export function page(showcase: Showcase, state: State, actions: Actions): TemplateResult {
  const { benchmark, wish } = state;
  const networks = shownNetworks(state);
  const strength = formatStrength(strengthScale(wish.attack, valuesOf(benchmark)), wish.strength);
  const summary = summaryOf(
    networks.map(({ file }) => state.answers.get(file)),
    `${wish.attack.label.replace(/^\w/, (letter) => letter.toUpperCase())} of ${strength}`,
  );
  return html`<a class="skip" href="#networks">Skip to the networks</a>
    <div class="wrap">
      <header>
        <p class="kicker">Weight map explorer · ${showcase.title} · ${benchmark.label}</p>
        <h1 role="status">${summary}</h1>
        <p class="note">${showcase.note} ${report(showcase)}</p>
      </header>
      <main>
        <form
          class="controls"
          aria-label="Image and attack"
          @submit=${(event: Event) => event.preventDefault()}
        >
          ${benchmarkChoice(showcase, state, actions)} ${imageChoice(state, actions)}
          ${attackControls(state, actions)}
          <div class="settings">${networkChoice(state, actions)} ${settings(state, actions)}</div>
        </form>
        <section id="networks" aria-label="Networks" tabindex="-1">
          ${networks.map((network) => networkCard(network, state))}
          ${networks.length === 0 ? html`<p>No network is selected.</p>` : nothing}
        </section>
      </main>
      <footer>
        Everything runs in this browser; nothing is sent anywhere. Paper: Amer &amp; Maul, “Weight Map Layer
        for Noise and Adversarial Attack Robustness”,
        <a href="https://arxiv.org/abs/1905.00568">arXiv:1905.00568</a>.
      </footer>
    </div>`;
}

const report = ({ report: address }: Showcase) =>
  address === null ? nothing : html`<a href=${address}>The run’s report</a>`;

function benchmarkChoice({ benchmarks }: Showcase, { benchmark }: State, actions: Actions) {
  if (benchmarks.length === 1) return nothing;
  return html`<div class="pair">
    <label for="benchmark">Dataset</label>
    <select
      id="benchmark"
      @change=${(event: Event) => actions.showBenchmark((event.target as HTMLSelectElement).value)}
    >
      ${benchmarks.map(
        ({ id, label }) => html`<option value=${id} ?selected=${id === benchmark.id}>${label}</option>`,
      )}
    </select>
  </div>`;
}

function networkChoice({ benchmark, chosen }: State, actions: Actions): TemplateResult {
  return html`<fieldset class="choice">
    <legend>Networks</legend>
    ${benchmark.networks.map(
      ({ id, label, kind }) =>
        html`<label>
          <input type="checkbox" .checked=${chosen.has(id)} @change=${() => actions.toggleNetwork(id)} />
          <span class="key ${kind}"></span>${label}
        </label>`,
    )}
  </fieldset>`;
}

/** The page if the showcase cannot be shown. */
export const brokenPage = (problem: string): TemplateResult =>
  html`<div class="wrap">
    <header>
      <p class="kicker">Weight map explorer</p>
      <h1>There is nothing to show</h1>
      <p class="problem" role="alert">${problem}</p>
      <p>
        <code>weightmap explore &lt;run&gt;</code> writes this page with the networks of a run. Keep its files
        together.
      </p>
    </header>
  </div>`;
