import type { ShownNetwork } from '@weightmap/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import type { PaintedMaps } from '../engine/protocol.js';
import { shownNetworks, type State } from '../state.js';
import { keyClass } from './network-card.js';

/** The learned weight maps of the first layer of each shown network. */
export function weightMapPanel(state: State): TemplateResult {
  const shown = shownNetworks(state);
  const known = shown.flatMap((network) => {
    const facts = state.facts.get(network.file);
    return facts ? [{ network, maps: facts.maps }] : [];
  });
  const without = known.filter(({ maps }) => maps === null).map(({ network }) => network.label);
  return html`<section id="weight-maps" aria-labelledby="weight-maps-heading">
    <h2 id="weight-maps-heading">Learned weight maps</h2>
    <p class="source">
      The weights of the first weight map layer: a square for each channel, a pixel for each weight. The layer
      multiplies each pixel of its input by its weight before the fixed filter: a weight of 0 leaves the pixel
      out, and a weight of 1 keeps it as it is.
    </p>
    ${known.map(({ network, maps }) => (maps === null ? nothing : sheet(network, maps)))}
    ${without.length > 0 ? html`<p class="source">Without a weight map: ${without.join('; ')}.</p>` : nothing}
  </section>`;
}

function sheet(network: ShownNetwork, maps: PaintedMaps): TemplateResult {
  const { layer, inputs, neutral, limit, channels, scale } = maps;
  const ends = [neutral - limit, neutral + limit];
  return html`<section class="sheet" aria-label="Weight maps of ${network.label}">
    <h3><span class=${keyClass(network)}></span>${network.label}</h3>
    <p class="source">
      Layer ${layer}, ${channels.length}
      ${channels.length === 1 ? 'channel' : 'channels'}${
        inputs > 1 ? `, the mean over ${inputs} input channels` : ''
      }.
    </p>
    <div class="maps">
      ${channels.map(
        ({ picture, range: [low, high] }, place) =>
          html`<pixel-picture
            .picture=${picture}
            title="channel ${place + 1}: ${digits(low)} … ${digits(high)}"
            aria-label="Channel ${place + 1}: weights from ${digits(low)} to ${digits(high)}"
          ></pixel-picture>`,
      )}
    </div>
    <div class="colour-bar">
      <pixel-picture
        .picture=${scale}
        aria-label="Colours from ${digits(ends[0])}, blue, over ${neutral}, white, to ${digits(ends[1])}, orange"
      ></pixel-picture>
      <div class="bar-ticks" aria-hidden="true">
        ${ticksOf(neutral, limit).map(
          ({ value, share, text }) =>
            html`<span
              style="left: ${(100 * share).toFixed(2)}%"
              class=${value === 1 || value === neutral ? 'named' : ''}
              >${text}</span
            >`,
        )}
      </div>
    </div>
  </section>`;
}

/** The ends of the scale, its neutral weight, and 1, which keeps a pixel, where it is far enough from the others. */
export function ticksOf(neutral: number, limit: number): { value: number; share: number; text: string }[] {
  if (limit === 0) return [{ value: neutral, share: 0.5, text: String(neutral) }];
  const shareOf = (value: number) => (value - neutral + limit) / (2 * limit);
  const values = [neutral - limit, neutral, neutral + limit];
  const hasRoom = (value: number) =>
    shareOf(value) > 0 &&
    shareOf(value) < 1 &&
    values.every((other) => Math.abs(shareOf(other) - shareOf(value)) > 0.12);
  return [...values, ...[0, 1].filter(hasRoom)]
    .sort((a, b) => a - b)
    .map((value) => ({ value, share: shareOf(value), text: digits(value) }));
}

/** Two digits, with the sign of typography. */
const digits = (value: number): string => String(Number(value.toPrecision(2))).replace('-', '−');
