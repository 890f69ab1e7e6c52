import { html, nothing, svg, type TemplateResult } from 'lit-html';
import { curveKey, shownNetworks, type Actions, type State } from '../state.js';
import { strengthScale } from '../strength-scale.js';
import { curveChart, errorOf, mark, shapeOf, type Line } from './curve-chart.js';
import { jobControls } from './job-controls.js';

/** The error of the shown networks against the strength, on all images of the set. */
export function curvePanel(state: State, actions: Actions): TemplateResult {
  const { wish, benchmark } = state;
  const { symbol, unit, largest } = strengthScale(wish.attack, benchmark);
  const lines = linesOf(state);
  const aim = wish.target === null ? '' : ` aimed at ${benchmark.classes[wish.target]}`;
  const title = `Test error under ${wish.attack.label}${aim} against ${symbol}`;
  return html`<section id="curve" aria-labelledby="curve-heading">
    <h2 id="curve-heading">${title}</h2>
    <p class="source">${noteOn(state, lines)}</p>
    ${jobControls(state, {
      kind: 'curve',
      label: lines.length > 0 ? 'Measure again' : 'Measure the curves',
      unit: 'requests',
      start: () => actions.measureCurves(),
      cancel: () => actions.cancel(),
    })}
    ${
      lines.length === 0
        ? nothing
        : html`<div class="curves">
              ${curveChart(lines, { largest, strength: wish.strength, axis: `${symbol}, ${short(unit)}`, title: textOf(lines, title, symbol) })}
              <ul class="lines">
                ${lines.map(
                  ({ network }, place) =>
                    html`<li>
                      <svg class="line-key" viewBox="0 0 34 12" aria-hidden="true">
                        ${svg`<g class="line ${network.kind} ${network.defense ? 'defended' : ''}">
                          <polyline points="0,6 34,6" />${mark(shapeOf(place), 17, 6)}</g>`}
                      </svg>
                      ${network.label}
                    </li>`,
                )}
              </ul>
            </div>
            ${numbers(lines, symbol)}`
    }
  </section>`;
}

function linesOf(state: State): Line[] {
  return shownNetworks(state).flatMap((network) => {
    const points = (state.curves.get(curveKey(state.wish, network)) ?? []).filter(({ count }) => count > 0);
    return points.length > 0 ? [{ network, points }] : [];
  });
}

function noteOn({ benchmark, wish }: State, lines: readonly Line[]): string {
  const all = benchmark.images.length;
  const least = Math.min(...lines.flatMap(({ points }) => points.map(({ count }) => count)));
  const images = lines.length > 0 && least < all ? `${least} to ${all} of` : '';
  const target = wish.target === null ? '' : ' Images of the target’s class are left out.';
  return `On ${images} the ${all} test images of this page. Bars are Wilson’s 95 % intervals over the images: with so few they are wide.${target}`.replaceAll(
    '  ',
    ' ',
  );
}

/** A unit without its explanation. */
const short = (unit: string): string => unit.split(',')[0];

const textOf = (lines: readonly Line[], title: string, symbol: string): string =>
  `${title}. ${lines
    .map(({ network, points }) => {
      const last = points[points.length - 1];
      return `${network.label}: ${errorOf(last).toFixed(0)} % at ${symbol} = ${last.strength}`;
    })
    .join('; ')}.`;

function numbers(lines: readonly Line[], symbol: string): TemplateResult {
  const strengths = [...new Set(lines.flatMap(({ points }) => points.map(({ strength }) => strength)))].sort(
    (a, b) => a - b,
  );
  return html`<details>
    <summary>The numbers</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="Test error in percent">
      <table class="numbers">
        <caption class="unseen">
          Test error in percent, with the 95 % interval
        </caption>
        <thead>
          <tr>
            <th scope="col">${symbol}</th>
            ${lines.map(({ network }) => html`<th scope="col">${network.label}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${strengths.map(
            (strength) =>
              html`<tr>
                <th scope="row">${strength}</th>
                ${lines.map(({ points }) => {
                  const point = points.find((one) => one.strength === strength);
                  return html`<td>
                    ${
                      point
                        ? html`${errorOf(point).toFixed(0)} %
                            <span class="source">
                              [${point.interval.map((end) => end.toFixed(0)).join(', ')}], ${point.wrong} of
                              ${point.count}
                            </span>`
                        : '–'
                    }
                  </td>`;
                })}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}
