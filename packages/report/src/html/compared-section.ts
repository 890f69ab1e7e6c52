import { toCsv } from '../csv.js';
import { strength as strengthText } from '../format.js';
import type { ComparedGroup } from '../model/compared-defenses.js';
import { comparedHeadline, comparedRows, comparedSentences, rejectionData } from '../model/compared-table.js';
import { csvLink } from './_figure.js';
import { table } from './_table.js';
import { html, type Html } from './html.js';

/** Defences and weight maps beside each other. @param drawn the figure. */
export const comparedSection = (groups: readonly ComparedGroup[], drawn: Html | null): Html =>
  html`${groups.map((group) => {
      const headline = comparedHeadline(group);
      return headline && html`<h3>${group.title}: ${headline}</h3>`;
    })}${drawn}${groups.map(groupTables)}
    <p class="sources">
      Static: FGSM by an attacker who doesn’t know what the defence puts around the network; a defence that is
      trained into it is seen by everybody. Adaptive: each image under the worst for it of all attacks on L∞,
      which know the defence. In brackets: Wilson’s 95 % interval over the test images. A rejected image is an
      error if it is clean, and none if it is attacked. AUC: the chance that an image which is classified
      wrongly is more suspicious than a clean one. Gradients of training: of single images, those of inner
      attacks and of networks trained before included.
      ${csvLink('rejection.csv', toCsv(rejectionData(groups)))}
    </p>`;

function groupTables(group: ComparedGroup): Html {
  const { title, shown, networks } = group;
  const captionAt = (at: number) => `${title}: defences at L∞ ε = ${strengthText(at)}`;
  const tableAt = (at: number) => {
    const { head, rows } = comparedRows(group, at);
    return table(captionAt(at), head, rows);
  };
  const others = [...new Set(networks.flatMap(({ points }) => points.map(({ strength }) => strength)))]
    .filter((at) => at !== shown)
    .sort((a, b) => a - b);
  return html`${tableAt(shown)}
    <details>
      <summary>A sentence for each defence</summary>
      <ul>
        ${comparedSentences(group).map((sentence) => html`<li>${sentence}</li>`)}
      </ul>
    </details>
    ${
      others.length > 0 &&
      html`<details>
        <summary>Other strengths</summary>
        ${others.map(tableAt)}
      </details>`
    }`;
}
