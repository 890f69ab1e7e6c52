import path from 'node:path';
import { variants } from '@weightmap/architectures';
import type { RunRecord } from '@weightmap/core';
import { budgetOf, trialSeed } from '../plan/grid.js';
import { shellWord } from '../_shell-word.js';
import { conditionsOf, notEvidence } from '../likeness.js';
import { presets, type Preset } from '../plan/presets.js';
import { canonicalJson } from '../records/index.js';
import { comparable } from './_trials.js';
import type { Missing } from './claim.js';
import type { VerifiedClaim } from './verify.js';

/** Seeds of a run that are tried, beginning with the command's default. */
const LIKELY_SEEDS = [1, ...Array.from({ length: 1000 }, (_, seed) => seed)];

/** The presets whose records are evidence: they use all images. */
const RESULT_PRESETS = Object.entries<Preset>(presets).filter(
  ([, { limits, evaluation }]) =>
    Object.values(limits).every((limit) => limit === null) && evaluation.robustnessImages === null,
);

/** The commands that make the results that undecided claims lack. */
export interface Fill {
  /** One, or several where rows need other epochs or trials. */
  readonly commands: readonly string[];
}

/**
 * The commands that make the cells that undecided claims lack, under the conditions of the records that there are, so that
 * all can be compared; by the paper's protocol if there is no evidence yet.
 *
 * They never make more trials than the run has: a verdict that is looked at again after each further trial is wrong far more
 * often than its interval says. More trials are a run of their own, whose number is fixed beforehand.
 *
 * @param preset that the run was made by, if it is known: preferred where several make records like these.
 * @returns null if nothing is missing, or if no preset makes records like these.
 */
export function fillCommand(
  records: readonly RunRecord[],
  claims: readonly Pick<VerifiedClaim, 'verdict' | 'missing' | 'needs'>[],
  run: string,
  preset?: string,
): Fill | null {
  const lacking = claims
    .filter(({ verdict }) => verdict === 'undecided')
    .flatMap(({ missing }) => missing.filter(({ reason }) => reason !== 'not in its records'));
  return lacking.length > 0 ? commandsFor(records, lacking, run, preset) : null;
}

function commandsFor(
  records: readonly RunRecord[],
  lacking: readonly Missing[],
  run: string,
  known?: string,
): Fill | null {
  const trials = comparable(records);
  const evidence = records.filter(({ cell }) => notEvidence(conditionsOf(cell)) === null);
  const found = evidence.length > 0 ? presetOf(evidence, known) : (['paper', presets.paper] as const);
  if (!found) return null;
  const [name, preset]: readonly [string, Preset] = found;
  const seed = evidence.length > 0 ? seedOf(evidence) : null;
  // Cells of other conditions would take the place of those that are there.
  const folder = evidence.length === 0 && records.length > 0 ? path.join(path.dirname(run), name) : run;

  // Epochs that all records share and the preset doesn't have: they were asked for.
  const [first] = evidence;
  const overridden =
    first &&
    first.epochs !== budgetOf(preset, first).epochs &&
    evidence.every(({ epochs }) => epochs === first.epochs)
      ? first.epochs
      : null;

  const groups = new Map<string, Missing[]>();
  for (const need of lacking) {
    const key = `${isBeyond(need.dataset) ? need.dataset : ''}/${optionsOf(need).join(' ')}`;
    groups.set(key, [...(groups.get(key) ?? []), need]);
  }
  const commands = [...groups.values()].map((needs) => {
    const options = optionsOf(needs[0]).join(' ');
    const on = [...new Set(needs.map(({ dataset }) => dataset))];
    const chosen = [...new Set(needs.map(({ variant }) => variant))];
    const rows = variants.filter(({ id }) => chosen.includes(id));
    const isOneOfSeveral = on.length === 1 && rows.some(({ datasets }) => datasets.length > 1);
    return [
      `weightmap run ${name}`,
      `--select ${selectionOf(chosen)}`,
      (isOneOfSeveral || isBeyond(on[0])) && `--dataset ${on[0]}`,
      options,
      seed !== null && seed !== LIKELY_SEEDS[0] && `--seed ${seed}`,
      `--out ${shellWord(folder)}`,
    ]
      .filter(Boolean)
      .join(' ');
  });
  return { commands };

  /** Whether the preset leaves the dataset out. */
  function isBeyond(dataset: string): boolean {
    return preset.datasets !== undefined && !preset.datasets.includes(dataset);
  }

  /** What the command line must change in the preset for this row; rows of datasets that it leaves out are apart. */
  function optionsOf({ dataset, variant, of }: Missing): string[] {
    const budget = budgetOf(preset, { dataset, variant });
    const training = trials.conditionsOf(dataset, variant)?.training;
    const epochs = training?.epochs ?? overridden ?? Math.max(budget.epochs, preset.training.epochs);
    const rate = training?.learningRate ?? preset.training.learningRate;
    return [
      ...(epochs === budget.epochs ? [] : [`--epochs ${epochs}`]),
      ...(rate === preset.training.learningRate ? [] : [`--learning-rate ${rate}`]),
      ...(of === budget.trials ? [] : [`--trials ${of}`]),
    ];
  }
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

/** The preset that makes cells like these, but for what the command line may change: the one with the nearest epochs. */
function presetOf(records: readonly RunRecord[], known?: string): readonly [string, Preset] | undefined {
  const fixed = ({ batchSize, selection }: Pick<Preset['training'], 'batchSize' | 'selection'>) =>
    canonicalJson({ batchSize, selection });
  const [{ cell }] = records;
  return RESULT_PRESETS.filter(
    ([, preset]) =>
      canonicalJson(preset.evaluation) === canonicalJson(cell.evaluation) &&
      fixed(preset.training) === fixed(cell.training),
  ).sort(
    ([a, one], [b, other]) => Number(b === known) - Number(a === known) || distance(one) - distance(other),
  )[0];

  function distance(preset: Preset): number {
    return records.reduce(
      (sum, { epochs, dataset, variant }) =>
        sum + Math.abs(budgetOf(preset, { dataset, variant }).epochs - epochs),
      0,
    );
  }
}

/** The seed of the run, whose trials' seeds come from it; null if it isn't one of the likely ones. */
function seedOf(records: readonly RunRecord[]): number | null {
  if (records.length === 0) return LIKELY_SEEDS[0];
  const [{ trial, seed }] = records;
  return LIKELY_SEEDS.find((likely) => trialSeed(likely, trial) === seed) ?? null;
}
