import type * as tf from '@tensorflow/tfjs';
import {
  randomStream,
  restoreStream,
  WeightmapError,
  type DrawnStep,
  type Objective,
  type RandomState,
} from '@weightmap/core';

/** The inputs that an objective draws in one epoch. */
export interface EpochDraws {
  /** The inputs of the next step; the caller disposes the tensors. */
  readonly next: (step: DrawnStep) => Record<string, tf.Tensor | number>;
  /** The streams' states by name, for a checkpoint; undefined if nothing is drawn. */
  readonly states: () => Record<string, RandomState> | undefined;
}

/** The inputs that a step has anyway. */
const TAKEN = ['pixels', 'labels'];

/**
 * Opens the random streams of an objective's draws, each named after its input and the epoch.
 *
 * @param stored states in the middle of the epoch.
 */
export function openDraws(
  { draws = {} }: Pick<Objective, 'draws'>,
  { seed, epoch, stored }: { seed: number; epoch: number; stored?: Readonly<Record<string, RandomState>> },
): EpochDraws {
  const streams = Object.entries(draws).map(([name, draw]) => {
    if (TAKEN.includes(name))
      throw new WeightmapError(`An objective draws an input named "${name}".`, {
        expected: `another name than ${TAKEN.join(' and ')}, which are the batch's`,
      });
    const state = stored?.[name];
    return { name, draw, random: state ? restoreStream(state) : randomStream(seed, 'draw', name, epoch) };
  });
  return {
    next: (step) =>
      Object.fromEntries(
        streams.flatMap(({ name, draw, random }) => {
          const drawn = draw(step, random);
          return drawn === undefined ? [] : [[name, drawn]];
        }),
      ),
    states: () =>
      streams.length === 0
        ? undefined
        : Object.fromEntries(streams.map(({ name, random }) => [name, random.state()])),
  };
}
