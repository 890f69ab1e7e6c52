import type { AttackedRun } from '@weightmap/records';
import { attackCaption, attackPanels } from './figures/attack-curves.js';
import { attackedHeadlines } from './model/attacked-headline.js';
import { attackedGroups } from './model/attacked-networks.js';
import type { Benchmark } from './model/summary.js';
import { documentOf } from './html/_document.js';
import { attacksSection } from './html/attacks-section.js';
import { html, trusted } from './html/html.js';

/** The circumstances of attacks on a network that no run has trained. */
export interface AttackPageOptions {
  /** The network's name. */
  readonly model: string;
  /** The name of the images. */
  readonly data: string;
  /** Number of classes. */
  readonly classes: number;
  /** What else a reader needs to know, as rows of a table: a name and a value each. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Reasons for not trusting the results. */
  readonly warnings: readonly string[];
  /** The command that makes the page again. */
  readonly command: string;
}

/**
 * Draws the results of attacks on networks that no run has trained as one HTML page that needs no other file: the curves, the
 * tables and the signs of masking, as in the report of a run.
 */
export function attackPage(
  results: AttackedRun,
  { model, data, classes, facts, warnings, command }: AttackPageOptions,
): string {
  const [{ dataset }] = results.cells;
  const known = { title: data, conditions: { dataset: { id: dataset, classes } }, variants: [] };
  const groups = attackedGroups(results, [known as unknown as Benchmark]);
  const attacks = { results, groups, compared: [], headlines: attackedHeadlines(groups) };
  const panels = attackPanels(groups, { isOwn: true });
  const curves =
    panels.length > 0
      ? html`<figure id="figure-attacks">
          <div class="panels by-3">${panels.map(({ svg }) => trusted(svg))}</div>
          <figcaption>${attackCaption(groups, { isOwn: true })}</figcaption>
        </figure>`
      : null;
  const album = {
    samples: 0,
    picturesOf: () => {
      throw new Error('this page has no pictures');
    },
  };
  const body = html`<a class="skip" href="#main">Skip to the results</a>
    <div class="wrap">
      <header>
        <p class="kicker">weightmap attack</p>
        <h1>${model} on ${data}</h1>
        ${
          warnings.length > 0 &&
          html`<div class="caution" role="note">${warnings.map((text) => html`<p>${text}</p>`)}</div>`
        }
      </header>
      <main id="main">
        <section id="attacks" aria-labelledby="attacks-heading">
          <h2 id="attacks-heading">Under attack</h2>
          ${attacksSection(attacks, { curves, grids: [], album, command, isOwn: true })}
        </section>
        <section id="circumstances" aria-labelledby="circumstances-heading">
          <h2 id="circumstances-heading">How it was measured</h2>
          <table class="facts">
            <caption>
              The network, the images, the attacks
            </caption>
            <tbody>
              ${facts.map(
                ([name, value]) =>
                  html`<tr>
                    <th scope="row">${name}</th>
                    <td>${value}</td>
                  </tr>`,
              )}
            </tbody>
          </table>
          <p class="sources">
            Strengths are in the unit of the images’ own pixels, 0 for black and 1 for white, whatever range
            the network expects. Made by <code>${command}</code>
          </p>
        </section>
      </main>
    </div>`;
  return documentOf(`${model} on ${data} under attack`, body);
}
