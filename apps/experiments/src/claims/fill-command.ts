import { variants } from '@weightmap/architectures';
import type { RunRecord } from '@weightmap/core';
import { trialSeed } from '../plan/grid.js';
import { shellWord } from '../_shell-word.js';
import type { Conditions } from '../likeness.js';
import { paperProtocol } from '../paper-values.js';
import { presets, type Preset } from '../plan/presets.js';
import { canonicalJson } from '../records/index.js';
import { comparable } from './_trials.js';
import type { Need } from './claim.js';
import type { VerifiedClaim } from './verify.js';

/** Seeds of a run that are tried, beginning with the command's default. */
const LIKELY_SEEDS = [1, ...Array.from({ length: 1000 }, (_, seed) => seed)];

/** What it would take to decide more, and the command for it. */
export interface Fill {
  /** `missing`: cells that comparisons lack; `trials`: more of those that there are, for intervals that leave it open. */
  readonly of: 'missing' | 'trials';
  readonly command: string;
}

/**
 * The one command that makes what the undecided claims lack, under the conditions of the records that there are, so that
 * all can be compared; by the paper's protocol if there are none. Once nothing is missing, it makes more trials.
 *
 * @returns null if there is nothing to make, or if no preset makes records like these.
 */
export function fillCommand(
  records: readonly RunRecord[],
  claims: readonly Pick<VerifiedClaim, 'verdict' | 'missing' | 'needs'>[],
  run: string,
): Fill | null {
  const undecided = claims.filter(({ verdict }) => verdict === 'undecided');
  const lacking = undecided.flatMap(({ missing }) =>
    missing.filter(({ reason }) => reason === 'no record' || reason === 'one trial'),
  );
  const most = Math.max(0, ...records.map(({ trial }) => trial));
  if (lacking.length > 0)
    return commandFor(records, lacking, run, Math.max(paperProtocol.trials, most), 'missing');
  const open = undecided.filter(({ missing }) => missing.length === 0).flatMap(({ needs }) => needs);
  return open.length > 0 ? commandFor(records, open, run, most + MORE_TRIALS, 'trials') : null;
}

/** As many again as the paper has: an interval over six is less than half as wide as one over three. */
const MORE_TRIALS = paperProtocol.trials;

function commandFor(
  records: readonly RunRecord[],
  needed: readonly Need[],
  run: string,
  trials: number,
  of: Fill['of'],
): Fill | null {
  const [made] = comparable(records).conditions.values();
  const found = made ? presetOf(made) : (['paper', presets.paper] as const);
  if (!found) return null;
  const [name, preset] = found;

  const chosen = [...new Set(needed.map(({ variant }) => variant))];
  const on = [...new Set(needed.map(({ dataset }) => dataset))];
  const rows = variants.filter(({ id }) => chosen.includes(id));
  const isOneOfSeveral = on.length === 1 && rows.some(({ datasets }) => datasets.length > 1);
  const seed = seedOf(records);
  const command = [
    `weightmap run ${name}`,
    `--select ${selectionOf(chosen)}`,
    isOneOfSeveral && `--dataset ${on[0]}`,
    made && made.training.epochs !== preset.training.epochs && `--epochs ${made.training.epochs}`,
    made &&
      made.training.learningRate !== preset.training.learningRate &&
      `--learning-rate ${made.training.learningRate}`,
    trials !== preset.trials && `--trials ${trials}`,
    seed !== null && seed !== LIKELY_SEEDS[0] && `--seed ${seed}`,
    `--out ${shellWord(run)}`,
  ]
    .filter(Boolean)
    .join(' ');
  return { of, command };
}

/** The ids in the paper's order; a whole architecture by its glob. */
function selectionOf(chosen: readonly string[]): string {
  const architectures = [...new Set(variants.map(({ architecture }) => architecture))];
  const parts = architectures.flatMap((architecture) => {
    const all = variants.filter((variant) => variant.architecture === architecture).map(({ id }) => id);
    const some = all.filter((id) => chosen.includes(id));
    return some.length === all.length ? [`${architecture}-*`] : some;
  });
  return shellWord(parts.join(','));
}

/** The preset that makes cells under these conditions, but for what the command line may change. */
function presetOf({ dataset, training, evaluation }: Conditions): readonly [string, Preset] | undefined {
  const fixed = ({ batchSize, selection }: Preset['training']) => canonicalJson({ batchSize, selection });
  const fits = (limit: number | null, used: number) => limit === null || used <= limit;
  return Object.entries<Preset>(presets)
    .filter(
      ([, preset]) =>
        canonicalJson(preset.evaluation) === canonicalJson(evaluation) &&
        fixed(preset.training) === fixed(training) &&
        fits(preset.limits.train, dataset.train) &&
        fits(preset.limits.test, dataset.test),
    )
    .sort(([, a], [, b]) => rank(a) - rank(b))[0];

  function rank({ training: { epochs } }: Preset): number {
    return Math.abs(epochs - training.epochs);
  }
}

/** The seed of the run, whose trials' seeds come from it; null if it isn't one of the likely ones. */
function seedOf(records: readonly RunRecord[]): number | null {
  if (records.length === 0) return LIKELY_SEEDS[0];
  const [{ trial, seed }] = records;
  return LIKELY_SEEDS.find((likely) => trialSeed(likely, trial) === seed) ?? null;
}
