import type { Showcase } from '@weightmap/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { choices, defensesOf, shownNetworks, type Actions, type State } from '../state.js';
import { formatStrength, strengthScale } from '../strength-scale.js';
import { attackControls, settings } from './controls.js';
import { curvePanel } from './curve-panel.js';
import { imageChoice } from './image-choice.js';
import { keyClass, networkCard } from './network-card.js';
import { summaryOf } from './verdict.js';
import { weightMapPanel } from './weight-map-panel.js';

/** The whole page. */
export function page(showcase: Showcase, state: State, actions: Actions): TemplateResult {
  const { benchmark, wish } = state;
  const networks = shownNetworks(state);
  const strength = formatStrength(strengthScale(wish.attack, benchmark), wish.strength);
  const summary = summaryOf(
    networks.map(({ file }) => state.answers.get(file)),
    `${wish.attack.label.replace(/^\w/, (letter) => letter.toUpperCase())} of ${strength}`,
    benchmark.classes,
  );
  return html`<a class="skip" href="#networks" @click=${skip}>Skip to the networks</a>
    <div class="wrap">
      <header>
        <p class="kicker">Weight map explorer · ${showcase.title} · ${benchmark.label}</p>
        <h1 role="status">${summary}</h1>
        <p class="note">${showcase.note} ${report(showcase)}</p>
        ${notices(state, actions)}
      </header>
      <main>
        <form
          class="controls"
          aria-label="Image and attack"
          @submit=${(event: Event) => event.preventDefault()}
        >
          ${benchmarkChoice(showcase, state, actions)} ${imageChoice(state, actions)}
          ${attackControls(state, actions)}
          <div class="settings">
            ${networkChoice(state, actions)} ${defenseChoice(state, actions)} ${settings(state, actions)}
            ${link(state, actions)}
          </div>
        </form>
        <div class="results">
          <section
            id="networks"
            class=${state.defense === null ? '' : 'pairs'}
            aria-label="Networks"
            tabindex="-1"
          >
            ${networks.map((network) => networkCard(network, state, actions))}
            ${networks.length === 0 ? html`<p>No network is selected.</p>` : nothing}
          </section>
          ${curvePanel(state, actions)} ${weightMapPanel(state)}
        </div>
      </main>
      <footer>
        Everything runs in this browser; nothing is sent anywhere. Paper: Amer &amp; Maul, “Weight Map Layer
        for Noise and Adversarial Attack Robustness”,
        <a href="https://arxiv.org/abs/1905.00568">arXiv:1905.00568</a>.
      </footer>
    </div>`;
}

/** Moves the focus by hand: the address behind # is the page’s state. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('networks')?.focus();
}

const report = ({ report: address }: Showcase) =>
  address === null ? nothing : html`<a href=${address}>The run’s report</a>`;

function notices({ notices: given }: State, actions: Actions) {
  if (given.length === 0) return nothing;
  return html`<div class="caution notices" role="status">
    <p>Not everything in the address is valid:</p>
    <ul>
      ${given.map((text) => html`<li>${text}</li>`)}
    </ul>
    <button type="button" class="small" @click=${() => actions.dismissNotices()}>Dismiss</button>
  </div>`;
}

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
    ${choices(benchmark).map(
      (network) =>
        html`<label>
          <input
            type="checkbox"
            .checked=${chosen.has(network.id)}
            @change=${() => actions.toggleNetwork(network.id)}
          />
          <span class=${keyClass(network)}></span>${network.label}
        </label>`,
    )}
  </fieldset>`;
}

/** The defence whose networks are shown beside their baselines; nothing where no network has one. */
function defenseChoice({ benchmark, defense }: State, actions: Actions) {
  const defenses = defensesOf(benchmark);
  if (defenses.length === 0) return nothing;
  const choose = (event: Event) => actions.chooseDefense((event.target as HTMLSelectElement).value || null);
  return html`<div>
    <label for="defense">Compare with a defence</label>
    <select id="defense" @change=${choose}>
      <option value="" ?selected=${defense === null}>none</option>
      ${defenses.map(
        ({ id, label }) => html`<option value=${id} ?selected=${id === defense}>${label}</option>`,
      )}
    </select>
  </div>`;
}

/** A button that copies the address, which holds the state. */
function link({ copied, source }: State, actions: Actions): TemplateResult {
  return html`<div class="link">
    <button type="button" @click=${() => actions.copyLink()}>Copy link to this view</button>
    <div role="status">
      ${
        copied === null
          ? nothing
          : copied.isCopied
            ? html`<p class="source">The link is copied.</p>`
            : html`<label for="link">Copy it from here</label>
                <input id="link" type="text" readonly .value=${copied.link} />`
      }
      ${
        copied !== null && source !== 'set'
          ? html`<p class="source">
              A ${source === 'drawing' ? 'drawing' : 'picture'} is not part of it: it shows image 1.
            </p>`
          : nothing
      }
    </div>
  </div>`;
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
