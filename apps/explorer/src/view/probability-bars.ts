import { html, type TemplateResult } from 'lit-html';
import type { Look } from '../engine/protocol.js';
import { ABSTAINS } from './verdict.js';

/** With more classes only the likeliest are shown. */
const MOST = 10;

const percent = (probability: number) => `${(100 * probability).toFixed(probability > 0.0995 ? 0 : 1)} %`;

/** The classes of a bar, which decide its colour: a prediction that is the truth is not drawn as an error. */
export const barClass = (
  index: number,
  { predicted, truth }: { readonly predicted: number; readonly truth: number },
): string =>
  [index === predicted ? 'predicted' : '', index === truth ? 'true' : ''].filter(Boolean).join(' ');

/**
 * One bar for each class. The true and the predicted class are marked by text, not only by colour.
 *
 * @param options.truth the true class or, for an image without a label, the prediction for the clean image.
 * @param options.isLabel whether it is the image's label.
 */
export function probabilityBars(
  { probabilities, predicted }: Pick<Look, 'probabilities' | 'predicted'>,
  { classes, truth, isLabel }: { classes: readonly string[]; truth: number; isLabel: boolean },
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
          html`<tr class=${barClass(index, { predicted, truth })}>
            <th scope="row">
              ${classes.at(index) ?? ABSTAINS}${
                index === truth
                  ? html`<span class="unseen">
                      (${isLabel ? 'true class' : 'prediction without the attack'})</span
                    >`
                  : ''
              }
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
