import { defenseNamed, settingsNamed } from './defended-variant.js';
import type { CellConfig, EpochRecord, RunRecord } from './run-record.js';

/** Where a record contradicts its own cell: field and what the cell says, one text each; none for a consistent record. */
export function contradictionsOf(record: RunRecord): string[] {
  const { cell } = record;
  const { training, evaluation, dataset } = cell;
  const differs = (field: string, value: unknown, expected: unknown) =>
    value === expected ? [] : [`${field} is ${String(value)}, the cell has ${String(expected)}`];
  const images = (limit: number) => Math.min(limit, dataset.test);
  return [
    ...defenseOf(cell),
    ...settingsOf(cell),
    ...differs('variant', record.variant, cell.variant),
    ...differs('dataset', record.dataset, dataset.id),
    ...differs('trial', record.trial, cell.trial),
    ...differs('seed', record.seed, cell.seed),
    ...differs('epochs', record.epochs, training.epochs),
    ...historyOf(record),
    ...strengths(
      'noise',
      record.noise.map(({ beta }) => beta),
      evaluation.betas,
    ),
    ...strengths(
      'fgsm',
      record.fgsm.map(({ epsilon }) => epsilon),
      evaluation.epsilons,
    ),
    ...record.activationVariance.flatMap(({ n }, i) =>
      differs(`activationVariance.${i}.n`, n, images(evaluation.varianceImages)),
    ),
    ...record.gradCamSharpness.flatMap(({ n }, i) =>
      differs(`gradCamSharpness.${i}.n`, n, images(evaluation.sharpnessImages)),
    ),
    ...record.gradCamSharpness.flatMap(({ n, empty, ...figures }, i) =>
      (['hoyer', 'entropy', 'background'] as const).flatMap((name) => {
        const figure = figures[name];
        return figure ? differs(`gradCamSharpness.${i}.${name}.n`, figure.n, n - empty) : [];
      }),
    ),
    ...record.gradCam.flatMap(({ sample }, i) =>
      sample < dataset.test
        ? []
        : [`gradCam.${i}.sample is ${sample}, the test part has ${dataset.test} images`],
    ),
  ];
}

/** A plain network and a defended one never share a variant. */
function defenseOf({ variant, defense }: CellConfig): string[] {
  const named = defenseNamed(variant);
  return named === (defense?.id ?? null)
    ? []
    : [`variant is ${variant}, the cell has ${defense ? `the defence ${defense.id}` : 'no defence'}`];
}

/** A swept setting in a variant's id has the value that the network was trained with. */
const settingsOf = ({ variant, training }: CellConfig): string[] =>
  Object.entries(settingsNamed(variant)).flatMap(([name, value]) => {
    const trained = new Map<string, string | number>(Object.entries(training)).get(name);
    return String(trained) === value
      ? []
      : [
          `variant is ${variant}, the cell has ${trained === undefined ? `no ${name}` : `${name} ${String(trained)}`}`,
        ];
  });

function historyOf({ history, selectedEpoch, cell: { training } }: RunRecord): string[] {
  if (history.length !== training.epochs)
    return [`history has ${history.length} epochs, the cell has ${training.epochs}`];
  const wrong = history.findIndex(({ epoch }, i) => epoch !== i + 1);
  if (wrong >= 0) return [`history.${wrong}.epoch is ${history[wrong].epoch}, not ${wrong + 1}`];
  const isRobust = training.selection === 'robust';
  if (isRobust !== (training.selectionEpsilon !== undefined))
    return [
      `the selection “${training.selection}” has ${isRobust ? 'no strength' : 'a strength'}, selectionEpsilon`,
    ];
  const unlike = history.findIndex(
    (epoch) => isRobust !== (epoch.validationRobustErrorPercent !== undefined),
  );
  if (unlike >= 0)
    return [
      `history.${unlike} has ${isRobust ? 'no' : 'a'} validationRobustErrorPercent; the selection is “${training.selection}”`,
    ];
  const selected = selectedOf(history, training.selection);
  return selectedEpoch === selected
    ? []
    : [
        `selectedEpoch is ${selectedEpoch}; by history and selection “${training.selection}” it is ${selected}`,
      ];
}

/**
 * The epoch whose weights training keeps: the last; or the first of the lowest validation error, under the attack first where there is
 * one, then without, then validation loss.
 */
function selectedOf(history: readonly EpochRecord[], selection: CellConfig['training']['selection']): number {
  if (selection === 'last') return history.length;
  return history.reduce((best, one) => {
    const difference =
      (one.validationRobustErrorPercent ?? 0) - (best.validationRobustErrorPercent ?? 0) ||
      one.validationErrorPercent - best.validationErrorPercent ||
      one.validationLoss - best.validationLoss;
    return difference < 0 ? one : best;
  }).epoch;
}

function strengths(field: string, measured: readonly number[], expected: readonly number[]): string[] {
  const isSame = measured.length === expected.length && measured.every((value, i) => value === expected[i]);
  return isSame ? [] : [`${field} has the strengths ${shown(measured)}, the cell has ${shown(expected)}`];
}

const SHOWN = 8;

const shown = (values: readonly number[]): string =>
  values.length === 0
    ? 'none'
    : [...values.slice(0, SHOWN), ...(values.length > SHOWN ? ['…'] : [])].join(', ');
