import * as tf from '@tensorflow/tfjs';

/** What an attack knows between two turns. */
export type State = Readonly<Record<string, tf.Tensor>>;

/**
 * Takes turns, and frees what a turn replaces.
 *
 * @param start is left as it is, for the caller to free.
 * @param advance gives the tensors that change; it runs in a `tf.tidy`.
 * @param done whether to stop before the turn of that index. To look is to read, which interrupts the computation.
 * @returns the last state, the caller's but for what is still the start's.
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
