import { access, constants, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { messageOf, WeightmapError } from '@weightmap/core';
import { readIfThere, removeLeftovers, syncFolder, writeWhole, writing } from '@weightmap/core/files';
import { checkState, type RunShape } from './_checkpoint-checks.js';
import { decodeCheckpoint, encodeCheckpoint, type Checkpoint } from './_checkpoint-file.js';
import { differences, type Identity } from './_identity.js';
import type { TrainingState } from './_state.js';

const LAST = 'last.ckpt';
const PREVIOUS = 'previous.ckpt';
const NEXT = 'next.ckpt';

/** The checkpoints of one training run: the last one, and the one before it in case the last is damaged. */
export interface Checkpoints {
  /**
   * Reads the last state of the run; null if there is none and the run starts from the beginning.
   *
   * @throws WeightmapError if the folder holds another run (seed, configuration, data, model) or another version.
   */
  load(): Promise<TrainingState | null>;
  /** Makes the folder and checks that it can be written, so that a problem shows before hours of training. */
  prepare(): Promise<void>;
  /** Writes a state; the older ones stay until it has been read back. */
  save(state: TrainingState): Promise<void>;
}

/**
 * Opens the folder of a run's checkpoints.
 *
 * @param folder used by this run alone; made when first needed.
 * @param shape the sizes that a checkpoint of the run must have.
 * @param onNote called with notes for people: damage, recovery, a change of engine.
 */
export function openCheckpoints(
  folder: string,
  { identity, shape }: { readonly identity: Identity; readonly shape: RunShape },
  onNote: (note: string) => void,
): Checkpoints {
  const at = (name: string) => join(folder, name);

  async function load(): Promise<TrainingState | null> {
    const troubles: string[] = [];
    for (const name of [LAST, PREVIOUS]) {
      const bytes = await readIfThere(at(name), { within: folder });
      const checkpoint = bytes && tryDecode(bytes, at(name), troubles);
      if (!checkpoint) continue;
      refuseOthers(checkpoint, identity, at(name));
      try {
        checkState(checkpoint.state, identity, shape);
      } catch (error) {
        troubles.push(`${at(name)} is damaged (${messageOf(error)})`);
        continue;
      }
      const { backend, state } = checkpoint;
      if (name === PREVIOUS) {
        onNote(
          `${troubles[0] ?? `${at(LAST)} is missing`}: continuing from epoch ${state.history.length} (${PREVIOUS}).`,
        );
        // Replaces the damaged file now: the next save would otherwise overwrite the good one.
        await writing(at(LAST), () => rename(at(PREVIOUS), at(LAST)));
      }
      if (backend !== tf.getBackend())
        onNote(
          `The checkpoint was written on ${backend} and continues on ${tf.getBackend()}: the last digits will differ.`,
        );
      return state;
    }
    if (troubles.length > 0) onNote(`${troubles.join('; ')}: training starts from the beginning.`);
    return null;
  }

  async function save(state: TrainingState): Promise<void> {
    const bytes = await encodeCheckpoint({ identity, backend: tf.getBackend(), state });
    await writeWhole(at(NEXT), bytes, { within: folder });
    if (!(await readIfThere(at(NEXT), { within: folder }))?.equals(bytes))
      throw new WeightmapError('Checkpoint verification failed: the file differs from what was written.', {
        where: at(NEXT),
        fix: 'Check the disk, or name a folder on another one. The previous checkpoint is unchanged.',
      });
    await writing(folder, async () => {
      await rename(at(LAST), at(PREVIOUS)).catch(ignoreMissing);
      await rename(at(NEXT), at(LAST));
      await syncFolder(folder);
    });
  }

  const prepare = () =>
    writing(folder, async () => {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK);
      // Temporary files of a process that was killed while writing.
      await removeLeftovers(folder, { isOurs: true });
    });

  return { load, prepare, save };
}

function tryDecode(bytes: Buffer, path: string, troubles: string[]): Checkpoint | null {
  try {
    return decodeCheckpoint(bytes);
  } catch (error) {
    if (error instanceof WeightmapError)
      throw new WeightmapError(error.message, { where: path, ...error.details });
    troubles.push(
      `${path} is damaged (${error instanceof SyntaxError || error instanceof TypeError ? 'no header' : messageOf(error)})`,
    );
    return null;
  }
}

function refuseOthers(stored: Checkpoint, wanted: Identity, path: string): void {
  const lines = differences(stored.identity, wanted);
  if (lines.length > 0)
    throw new WeightmapError(`The checkpoint belongs to another training run: ${lines.join('; ')}.`, {
      where: path,
      expected: 'the same seed, configuration, data and model',
      fix: 'Train with the settings it was made with, name another folder for checkpoints, or delete this one.',
    });
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
