import type { ShownNetwork } from '@weightmap/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Proof, Search } from '../jobs/search-network.js';
import type { Actions, State } from '../state.js';
import { formatStrength, strengthScale } from '../strength-scale.js';
import { isSameAim } from '../wish.js';
import { jobControls } from './job-controls.js';
import { imagePicture } from './pictures.js';

/** The button that searches the smallest strength. */
export function searchControls(state: State, actions: Actions): TemplateResult {
  const { symbol } = strengthScale(state.wish.attack, state.benchmark);
  return html`<div class="search">
    ${jobControls(state, {
      kind: 'search',
      label: `Find the smallest ${symbol} that ${state.wish.target === null ? 'fools' : 'reaches the target'}`,
      unit: 'networks',
      start: () => actions.search(),
      cancel: () => actions.cancel(),
    })}
  </div>`;
}

/** The smallest strength that fools a network, with the image; nothing without a search for the shown image and attack. */
export function searchResult(
  network: ShownNetwork,
  state: State,
  actions: Actions,
): TemplateResult | typeof nothing {
  const search = state.searches.get(network.file);
  if (!search || !isSameAim(search.wish, state.wish)) return nothing;
  if (search.found === null)
    return html`<p class="problem" role="alert">The search failed: ${search.problem}</p>`;
  const { strength } = search.found;
  return html`<section class="found" aria-label="Smallest strength: ${network.label}">
    ${search.proof ? proof(search, search.proof, state) : nothing}
    <div>
      <p>${foundText(search, state)}</p>
      ${
        strength
          ? html`<button type="button" class="small" @click=${() => actions.setStrength(strength)}>
              Show at this strength
            </button>`
          : nothing
      }
    </div>
  </section>`;
}

function proof({ wish: { attack } }: Search, { attacked }: Proof, { benchmark }: State): TemplateResult {
  return html`<pixel-picture
    data-part="found"
    aria-label="The image at the smallest strength of ${attack.label}"
    .picture=${imagePicture(attacked, benchmark)}
  ></pixel-picture>`;
}

/** The result of a search in words. */
export function foundText({ wish, found, proof: checked }: Search, { benchmark }: State): string {
  const scale = strengthScale(wish.attack, benchmark);
  if (found === null) return '';
  const { strength, below } = found;
  const aim = wish.target === null ? 'fooled' : `taken for ${benchmark.classes[wish.target]}`;
  if (strength === null)
    return `Not ${aim} up to ${formatStrength(scale, scale.largest)}, at ${found.tried} strengths tried.`;
  if (strength === 0)
    return wish.target === null
      ? 'Wrong without an attack: the smallest strength is 0.'
      : 'The target is predicted without an attack: the smallest strength is 0.';
  const tested = checked?.isVerified
    ? `Verified: classified again as ${benchmark.classes[checked.predicted]}${checked.distance === null ? '' : `, change ${digits(checked.distance)}`}.`
    : 'Not verified: classified again, this image does not fool the network. Its engine may be too inexact.';
  return `Smallest ${scale.symbol} found: ${digits(strength)}, not ${aim} at ${digits(below ?? 0)}. ${tested}`;
}

const digits = (value: number): string => String(Number(value.toPrecision(3)));
