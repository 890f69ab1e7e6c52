import * as tf from '@tensorflow/tfjs';

/** The tensors that an attack keeps between two steps. */
export type State = Readonly<Record<string, tf.Tensor>>;

/**
 * Repeats a step, and frees the tensors that a step replaces.
 *
 * @param start its tensors stay the caller's to free.
 * @param advance gives the tensors that change; it runs in a `tf.tidy`.
 * @param done whether to stop before the step of that index. Reading a value interrupts the computation.
 * @returns the last state. Its tensors are the caller's, except those that `start` still holds.
 */
export function repeat<S extends State>(
  start: S,
  turns: number,
  advance: (state: S, index: number) => Partial<S>,
  done: (state: S, index: number) => boolean = () => false,
): S {
  const given = new Set<tf.Tensor>(Object.values(start));
  let state = start;
  for (let index = 0; index < turns && !done(state, index); index++) {
    const next: S = { ...state, ...(tf.tidy(() => advance(state, index) as State) as Partial<S>) };
    const needed = new Set<tf.Tensor>([...given, ...Object.values(next)]);
    for (const tensor of Object.values(state)) if (!needed.has(tensor)) tensor.dispose();
    state = next;
  }
  return state;
}
