import { html, type TemplateResult } from 'lit-html';
import type { Look } from '../engine/protocol.js';
import { ABSTAINS } from './verdict.js';

/** With more classes only the likeliest are shown. */
const MOST = 10;

const percent = (probability: number) => `${(100 * probability).toFixed(probability > 0.0995 ? 0 : 1)} %`;

/** One bar for each class. The true and the predicted class are marked by text, not only by colour. */
export function probabilityBars(
  { probabilities, predicted }: Pick<Look, 'probabilities' | 'predicted'>,
  { classes, truth }: { classes: readonly string[]; truth: number | null },
): TemplateResult {
  const shown = [...probabilities.keys()];
  if (classes.length > MOST) shown.sort((a, b) => probabilities[b] - probabilities[a]).length = MOST;
  return html`<table class="bars">
    <caption class="unseen">
      Probability of each class
    </caption>
    <tbody>
      ${shown.map(
        (index) =>
          html`<tr class="${index === predicted ? 'predicted' : ''} ${index === truth ? 'true' : ''}">
            <th scope="row">
              ${classes.at(index) ?? ABSTAINS}${index === truth ? html`<span class="unseen"> (true class)</span>` : ''}
            </th>
            <td class="bar" aria-hidden="true">
              <span style="width: ${(100 * probabilities[index]).toFixed(2)}%"></span>
            </td>
            <td class="num">${percent(probabilities[index])}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}
