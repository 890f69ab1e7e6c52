import path from 'node:path';
import { variants } from '@weightmap/architectures';
import { canonicalJson, type RunRecord } from '@weightmap/records';
import { trialSeed } from './grid.js';
import { shellWord } from '../terminal/shell-word.js';
import {
  comparable,
  conditionsOf,
  notEvidence,
  type Conditions,
  type Missing,
  type VerifiedClaim,
  type Fill,
} from '@weightmap/report';
import { presets, type Preset } from './presets.js';

/** Run seeds to try, the command's default first. */
const LIKELY_SEEDS = [1, ...Array.from({ length: 1000 }, (_, seed) => seed)];

/** The presets whose records are evidence: they use all images. */
const RESULT_PRESETS = Object.entries<Preset>(presets).filter(
  ([, { limits, evaluation, defenses }]) =>
    !defenses &&
    Object.values(limits).every((limit) => limit === null) &&
    evaluation.robustnessImages === null,
);

/**
 * The command that makes the cells which undecided claims need, with the protocol of the existing records, so that all can be
 * compared; with the paper's protocol if there is no evidence yet.
 *
 * It never adds trials to a run: a verdict that is checked again after each further trial is wrong far more often than its
 * interval says. More trials need a new run, with their number fixed beforehand.
 *
 * @returns null if nothing is missing, or if no preset makes records like these.
 */
export function fillCommand(
  records: readonly RunRecord[],
  claims: readonly Pick<VerifiedClaim, 'verdict' | 'missing' | 'needs'>[],
  run: string,
): Fill | null {
  const lacking = claims
    .filter(({ verdict }) => verdict === 'undecided')
    .flatMap(({ missing }) => missing.filter(({ reason }) => reason !== 'not in its records'));
  return lacking.length > 0 ? commandFor(records, lacking, run) : null;
}

function commandFor(all: readonly RunRecord[], lacking: readonly Missing[], run: string): Fill | null {
  const records = all.filter(({ cell }) => cell.defense === undefined);
  const { conditions } = comparable(records);
  const [made] = conditions.values();
  const found = made ? presetOf(made) : (['paper', presets.paper] as const);
  if (!found) return null;
  const [name, preset] = found;
  const trials = Math.max(...lacking.map(({ of }) => of));

  const chosen = [...new Set(lacking.map(({ variant }) => variant))];
  const on = [...new Set(lacking.map(({ dataset }) => dataset))];
  const rows = variants.filter(({ id }) => chosen.includes(id));
  const isOneOfSeveral = on.length === 1 && rows.some(({ datasets }) => datasets.length > 1);
  const seed = made ? seedOf(records.filter(({ cell }) => notEvidence(conditionsOf(cell)) === null)) : null;
  // Cells of another protocol would replace the existing ones.
  const folder = !made && all.length > 0 ? path.join(path.dirname(run), name) : run;
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
    `--out ${shellWord(folder)}`,
  ]
    .filter(Boolean)
    .join(' ');
  return { command };
}

/** The ids in the paper's order; a glob for all variants of an architecture. */
function selectionOf(chosen: readonly string[]): string {
  const architectures = [...new Set(variants.map(({ architecture }) => architecture))];
  const parts = architectures.flatMap((architecture) => {
    const all = variants.filter((variant) => variant.architecture === architecture).map(({ id }) => id);
    const some = all.filter((id) => chosen.includes(id));
    return some.length === all.length ? [`${architecture}-*`] : some;
  });
  return shellWord(parts.join(','));
}

/** The preset that makes cells with this protocol, apart from what the command line can change. */
function presetOf({ training, evaluation }: Conditions): readonly [string, Preset] | undefined {
  const fixed = ({ batchSize, selection }: Preset['training']) => canonicalJson({ batchSize, selection });
  return RESULT_PRESETS.filter(
    ([, preset]) =>
      canonicalJson(preset.evaluation) === canonicalJson(evaluation) &&
      fixed(preset.training) === fixed(training),
  ).sort(([, a], [, b]) => rank(a) - rank(b))[0];

  function rank({ training: { epochs } }: Preset): number {
    return Math.abs(epochs - training.epochs);
  }
}

/** The seed of the run that gave these trials' seeds; null if it isn't one of the likely ones. */
function seedOf(records: readonly RunRecord[]): number | null {
  if (records.length === 0) return LIKELY_SEEDS[0];
  const [{ trial, seed }] = records;
  return LIKELY_SEEDS.find((likely) => trialSeed(likely, trial) === seed) ?? null;
}
