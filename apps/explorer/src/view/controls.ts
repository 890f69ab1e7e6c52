import type { AttackInfo } from '@weightmap/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { engineNames, ENGINES } from '../engine/protocol.js';
import { measuredText, roundedTime } from '../jobs/choose-engine.js';
import { formatStrength, strengthScale } from '../strength-scale.js';
import type { Actions, EngineWish, State } from '../state.js';
import { searchControls } from './search.js';

const valueIn = (event: Event): string => (event.target as HTMLInputElement | HTMLSelectElement).value;

/** The choice of the attack, its target and its strength. */
export function attackControls(state: State, actions: Actions): TemplateResult {
  const { wish, engine, benchmark } = state;
  const scale = strengthScale(wish.attack, benchmark);
  const group = (label: string, infos: readonly AttackInfo[]) =>
    html`<optgroup label=${label}>
      ${infos.map(
        ({ id, label }) => html`<option value=${id} ?selected=${id === wish.attack.id}>${label}</option>`,
      )}
    </optgroup>`;
  return html`<div class="attack">
      <label for="attack">Attack or noise</label>
      <select id="attack" @change=${(event: Event) => actions.chooseAttack(valueIn(event))}>
        ${group(
          'Gradient attacks',
          engine.attacks.filter(({ kind }) => kind !== 'noise'),
        )}
        ${group(
          'Noise and corruptions',
          engine.attacks.filter(({ kind }) => kind === 'noise'),
        )}
      </select>
      <p class="source">${wish.attack.source}</p>
    </div>
    ${targetChoice(state, actions)}
    <div class="strength">
      <label for="strength">Strength</label>
      <output for="strength">${formatStrength(scale, wish.strength)}</output>
      <input
        id="strength"
        type="range"
        min="0"
        max=${scale.largest}
        step=${scale.largest / 100}
        .value=${String(wish.strength)}
        aria-valuetext=${`${formatStrength(scale, wish.strength)}, ${scale.unit}`}
        @input=${(event: Event) => actions.setStrength(Number(valueIn(event)))}
      />
      <p class="source">${scale.symbol}: ${scale.unit}</p>
    </div>
    ${searchControls(state, actions)}`;
}

/** The class that the attack aims at. */
function targetChoice({ wish, benchmark }: State, actions: Actions): TemplateResult {
  const { attack, target, image } = wish;
  const choose = (event: Event) => {
    const value = valueIn(event);
    actions.chooseTarget(value === '' ? null : Number(value));
  };
  return html`<div class="target">
    <label for="target">Aim</label>
    <select id="target" ?disabled=${!attack.targeted} @change=${choose}>
      <option value="" ?selected=${target === null}>any wrong class</option>
      ${benchmark.classes.map((name, index) =>
        index === image.label
          ? nothing
          : html`<option value=${index} ?selected=${target === index}>${name}</option>`,
      )}
    </select>
    ${attack.targeted ? nothing : html`<p class="source">${attack.label} doesn’t aim at a class.</p>`}
  </div>`;
}

/** The random seed and the engine. */
export function settings(state: State, actions: Actions): TemplateResult {
  const { wish, engine, engineWish, measured } = state;
  const timeOf = (name: string) => {
    const found = measured.find((one) => one.engine === name);
    return found && found.problem === undefined ? `, ${roundedTime(found.milliseconds)} ms` : '';
  };
  return html`<div class="pair">
      <label for="seed">Random seed</label>
      <input
        id="seed"
        type="number"
        min="0"
        max="9999"
        step="1"
        .value=${String(wish.seed)}
        @change=${(event: Event) => actions.setSeed(seedIn(valueIn(event)))}
      />
    </div>
    <div class="pair">
      <label for="engine">Engine</label>
      <select id="engine" @change=${(event: Event) => actions.chooseEngine(valueIn(event) as EngineWish)}>
        <option value="fastest" ?selected=${engineWish === 'fastest'}>the fastest</option>
        ${ENGINES.map(
          (name) =>
            html`<option value=${name} ?selected=${name === engineWish}>
              ${engineNames[name]}${timeOf(name)}
            </option>`,
        )}
      </select>
    </div>
    ${
      engine.instead
        ? html`<p class="caution" id="engine-note">
            ${engine.instead} Running on ${engineNames[engine.engine]}.
          </p>`
        : nothing
    }
    ${cost(state)}
    ${
      measured.length > 0
        ? html`<p class="source" id="measured">
            Measured, for FGSM on one image with Grad-CAM: ${measuredText(measured)}.
          </p>`
        : nothing
    }`;
}

const seedIn = (text: string): number => Math.min(Math.max(Math.round(Number(text) || 0), 0), 9999);

/** The engine, and the time and memory of the last results. */
function cost({ engine, answers }: State): TemplateResult {
  const looks = [...answers.values()].flatMap((answer) => ('look' in answer ? [answer] : []));
  const latest = looks.at(-1)?.look;
  const total = looks.reduce((sum, { look }) => sum + look.milliseconds, 0);
  return html`<p class="source" id="cost" data-engine=${engine.engine} data-tensors=${latest?.tensors ?? ''}>
    Runs on
    ${engineNames[engine.engine]}${
      latest
        ? `: ${total.toFixed(0)} ms for ${looks.length} ${looks.length === 1 ? 'network' : 'networks'}, ${latest.tensors} tensors in memory`
        : ''
    }.
  </p>`;
}
