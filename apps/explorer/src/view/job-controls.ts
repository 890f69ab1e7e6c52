import { html, nothing, type TemplateResult } from 'lit-html';
import type { Job, State } from '../state.js';

/** A button that starts a job, or while it runs its progress and a button that cancels it. */
export function jobControls(
  { job, jobProblem, chosen }: State,
  {
    kind,
    label,
    unit,
    start,
    cancel,
  }: {
    readonly kind: Job['kind'];
    readonly label: string;
    readonly unit: string;
    readonly start: () => void;
    readonly cancel: () => void;
  },
): TemplateResult {
  if (job?.kind !== kind)
    return html`<button type="button" ?disabled=${job !== null || chosen.size === 0} @click=${start}>
        ${label}
      </button>
      ${jobProblem?.kind === kind ? html`<p class="problem" role="alert">${jobProblem.text}</p>` : nothing}`;
  return html`<div class="running">
    <progress max=${job.total} value=${job.done} aria-label=${label}></progress>
    <span>${job.done} of ${job.total} ${unit}</span>
    <button type="button" class="small" @click=${cancel}>Cancel</button>
  </div>`;
}
