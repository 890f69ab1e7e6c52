import type * as tf from '@tensorflow/tfjs';
import type { Identity } from './_identity.js';
import { isBetter, type TrainingState } from './_state.js';
import { trainableVariables, type Weights } from './_weights.js';

/** The groups of arrays in a checkpoint, in their order; the last one where an objective trains variables along. */
export const GROUPS = ['weights', 'selected', 'firstMoments', 'secondMoments', 'auxiliary'] as const;
export type GroupName = (typeof GROUPS)[number];

/** An array's entry in the header of a checkpoint. */
export interface ArrayEntry {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * Checks the list of arrays in a checkpoint's header against the bytes that follow, before any is allocated.
 *
 * @throws Error with the reason.
 */
export function checkArrays(
  groups: Readonly<Partial<Record<GroupName, number>>>,
  arrays: readonly ArrayEntry[],
  bytes: number,
): void {
  const counted = GROUPS.reduce((sum, name) => sum + (groups[name] ?? 0), 0);
  if (counted !== arrays.length) throw new Error(`it announces ${counted} arrays and lists ${arrays.length}`);
  let index = 0;
  for (const group of GROUPS)
    for (let i = 0; i < (groups[group] ?? 0); i++, index++)
      if (arrays[index].name !== `${group}/${i}`)
        throw new Error(`array ${index} is ${arrays[index].name}, not ${group}/${i}`);
  const size = 4 * arrays.reduce((sum, { shape }) => sum + shape[0], 0);
  if (size !== bytes) throw new Error(`it lists ${size} bytes of arrays, and holds ${bytes}`);
}

/** What the state of a run must fit. */
export interface RunShape {
  /** Numbers in each of the model's weights. */
  readonly weights: readonly number[];
  /** Numbers in each variable that an objective trains along. */
  readonly auxiliary: readonly number[];
  /** Numbers in each of the weights that are trained, and of those variables. */
  readonly trained: readonly number[];
  /** Steps of an epoch. */
  readonly steps: number;
}

const sizeOf = (shape: readonly (number | null)[]) =>
  shape.reduce((product: number, length) => product * (length ?? 1), 1);

export const runShapeOf = (
  model: tf.LayersModel,
  steps: number,
  auxiliary: readonly tf.Variable[] = [],
): RunShape => ({
  weights: model.weights.map(({ shape }) => sizeOf(shape)),
  auxiliary: auxiliary.map(({ shape }) => sizeOf(shape)),
  trained: [...trainableVariables(model), ...auxiliary].map(({ shape }) => sizeOf(shape)),
  steps,
});

/**
 * Checks that a state can be one of a run: its arrays have the sizes of the model's weights and are finite, its epochs are in
 * order, and the selected epoch is the one that the rule selects.
 *
 * @throws Error with the reason.
 */
export function checkState(
  { history, secondsPerEpoch, weights, auxiliary, selected, adam, position }: TrainingState,
  { selection }: Pick<Identity, 'selection'>,
  expected: RunShape,
): void {
  checkGroup('weights', weights, expected.weights);
  checkGroup('auxiliary', auxiliary, expected.auxiliary);
  checkGroup('selected', selected.weights, expected.weights);
  // Adam has none before the first step.
  const trained = adam.firstMoments.length === 0 && history.length === 0 && !position ? [] : expected.trained;
  checkGroup('firstMoments', adam.firstMoments, trained);
  checkGroup('secondMoments', adam.secondMoments, trained);
  const negative = adam.secondMoments.findIndex((values) => values.some((value) => value < 0));
  if (negative >= 0) throw new Error(`secondMoments/${negative} holds a negative number`);

  const misplaced = history.findIndex(({ epoch }, i) => epoch !== i + 1);
  if (misplaced >= 0)
    throw new Error(`epoch ${history[misplaced].epoch} is where epoch ${misplaced + 1} belongs`);
  if (secondsPerEpoch.length !== history.length)
    throw new Error(
      `it has the times of ${secondsPerEpoch.length} epochs, and the losses of ${history.length}`,
    );
  const best = history.reduce(
    (so, record) => (selection === 'last' || isBetter(record, history[so - 1]) ? record.epoch : so),
    0,
  );
  if (selected.epoch !== best)
    throw new Error(`it selects epoch ${selected.epoch} where the rule selects ${best}`);
  if (selected.weights === weights && (position || selected.epoch < history.length))
    throw new Error('the weights of the selected epoch are missing');
  if (position && position.step >= expected.steps)
    throw new Error(`it stopped in step ${position.step} of an epoch of ${expected.steps} steps`);
}

function checkGroup(name: GroupName, arrays: Weights, sizes: readonly number[]): void {
  if (arrays.length !== sizes.length)
    throw new Error(`it has ${arrays.length} arrays of ${name}, and the model needs ${sizes.length}`);
  for (const [i, values] of arrays.entries()) {
    if (values.length !== sizes[i])
      throw new Error(`${name}/${i} holds ${values.length} numbers, and the model needs ${sizes[i]}`);
    if (!values.every(Number.isFinite)) throw new Error(`${name}/${i} holds NaN or an infinity`);
  }
}
