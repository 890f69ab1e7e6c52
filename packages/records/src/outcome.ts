import type { RunRecord } from './run-record.js';

/** A finished cell in one line. */
export const outcomeOf = ({ testErrorPercent, noise, fgsm, seconds }: RunRecord): string =>
  [
    `test error ${testErrorPercent.toFixed(2)} %`,
    noise.length && `noise β ${noise.at(-1)?.beta}: ${noise.at(-1)?.errorPercent.toFixed(1)} %`,
    fgsm.length && `FGSM ε ${fgsm.at(-1)?.epsilon}: ${fgsm.at(-1)?.errorPercent.toFixed(1)} %`,
    `${Math.round(seconds.training + seconds.evaluation)} s`,
  ]
    .filter(Boolean)
    .join(', ');
