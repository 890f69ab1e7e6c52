import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs';
import { parseJson, WeightmapError } from '@weightmap/core';
import { z } from 'zod';
import { checkArrays, type GroupName } from './_checkpoint-checks.js';
import { identitySchema, type Identity } from './_identity.js';
import type { TrainingState } from './_state.js';
import type { Weights } from './_weights.js';
import { epochRecordSchema } from './training-config.js';

/** Goes up when older checkpoints can no longer be continued. */
export const CHECKPOINT_SCHEMA_VERSION = 2;

export interface Checkpoint {
  readonly identity: Identity;
  /** The tfjs backend that it was written on. */
  readonly backend: string;
  readonly state: TrainingState;
}

const count = z.number().int().nonnegative();
/** 32 bits, signed or not. */
const word = z
  .number()
  .int()
  .min(-(2 ** 31))
  .max(2 ** 32 - 1);

/** Of xoroshiro128+, which never leaves a state of zeros. */
const generatorState = z
  .tuple([word, word, word, word])
  .refine((words) => words.some((value) => value !== 0), 'a state of the generator of random numbers');

const headerSchema = z.strictObject({
  format: z.literal('weightmap-checkpoint'),
  schemaVersion: z.literal(CHECKPOINT_SCHEMA_VERSION),
  identity: identitySchema,
  backend: z.string(),
  epoch: count,
  selectedEpoch: count,
  history: z.array(epochRecordSchema),
  secondsPerEpoch: z.array(z.number().nonnegative()),
  adam: z.strictObject({
    iterations: count,
    betaPowers: z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]),
  }),
  position: z
    .strictObject({
      step: z.number().int().positive(),
      lossSum: z.number(),
      augmentation: generatorState,
      draws: z.record(z.string(), generatorState).optional(),
      seconds: z.number().nonnegative(),
    })
    .nullable(),
  /** Number of arrays in each group of the payload. */
  groups: z.strictObject({
    weights: count,
    selected: count,
    firstMoments: count,
    secondMoments: count,
    auxiliary: count.optional(),
  }),
  tensors: z.array(
    z.strictObject({ name: z.string(), shape: z.tuple([count]), dtype: z.literal('float32') }),
  ),
  sha256: z.string(),
});

/** The bytes of a checkpoint: one line of JSON, a line feed, then the arrays as `tf.io.encodeWeights` lays them out. */
export async function encodeCheckpoint({ identity, backend, state }: Checkpoint): Promise<Buffer> {
  const groups: Partial<Record<GroupName, Weights>> = {
    weights: state.weights,
    selected: state.selected.weights === state.weights ? [] : state.selected.weights,
    firstMoments: state.adam.firstMoments,
    secondMoments: state.adam.secondMoments,
    ...(state.auxiliary.length > 0 && { auxiliary: state.auxiliary }),
  };
  const { data, specs } = await encodeArrays(groups);
  const header = {
    format: 'weightmap-checkpoint',
    schemaVersion: CHECKPOINT_SCHEMA_VERSION,
    identity,
    backend,
    epoch: state.history.length,
    selectedEpoch: state.selected.epoch,
    history: state.history,
    secondsPerEpoch: state.secondsPerEpoch,
    adam: { iterations: state.adam.iterations, betaPowers: state.adam.betaPowers },
    position: state.position,
    groups: Object.fromEntries(Object.entries(groups).map(([name, arrays]) => [name, arrays.length])),
    tensors: specs,
  };
  const payload = Buffer.from(data);
  const line = JSON.stringify({ ...header, sha256: digest(header, payload) });
  return Buffer.concat([Buffer.from(`${line}\n`), payload]);
}

/**
 * Reads what `encodeCheckpoint` wrote. Whether it fits a run is for `checkState`.
 *
 * @throws WeightmapError if it is of another version; any other error if it is damaged, before anything is allocated for it.
 */
export function decodeCheckpoint(bytes: Buffer): Checkpoint {
  const end = bytes.indexOf('\n');
  const payload = bytes.subarray(end + 1);
  const { sha256, ...rest } = parseJson(bytes.toString('utf8', 0, end)) as Record<string, unknown>;
  if (digest(rest, payload) !== sha256) throw new Error('its checksum is wrong');
  if (rest.schemaVersion !== CHECKPOINT_SCHEMA_VERSION)
    throw new WeightmapError(`The checkpoint has version ${String(rest.schemaVersion)}.`, {
      expected: `version ${CHECKPOINT_SCHEMA_VERSION}`,
      fix: 'Continue it with the release that wrote it, or name another folder for checkpoints.',
    });
  const parsed = headerSchema.safeParse({ ...rest, sha256 });
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new Error(`its header has no valid ${path.join('.')}: ${message}`);
  }
  const header = parsed.data;
  if (header.epoch !== header.history.length)
    throw new Error(`it is of epoch ${header.epoch}, and has a history of ${header.history.length}`);
  checkArrays(header.groups, header.tensors, payload.length);
  const arrays = decodeArrays(payload, header.tensors);
  const group = (name: GroupName) =>
    Array.from({ length: header.groups[name] ?? 0 }, (_, i) => arrays[`${name}/${i}`]);
  const weights = group('weights');
  return {
    identity: header.identity,
    backend: header.backend,
    state: {
      history: header.history,
      secondsPerEpoch: header.secondsPerEpoch,
      weights,
      auxiliary: group('auxiliary'),
      selected: {
        epoch: header.selectedEpoch,
        weights: header.groups.selected === 0 ? weights : group('selected'),
      },
      adam: {
        ...header.adam,
        firstMoments: group('firstMoments'),
        secondMoments: group('secondMoments'),
      },
      position: header.position,
    },
  };
}

/** SHA-256 over header and payload, so that it also detects a flipped bit in the history. */
const digest = (header: object, payload: Uint8Array) =>
  createHash('sha256').update(JSON.stringify(header)).update('\n').update(payload).digest('hex');

async function encodeArrays(groups: Record<string, Weights>) {
  const tensors = Object.entries(groups).flatMap(([name, arrays]) =>
    arrays.map((values, i) => ({ name: `${name}/${i}`, tensor: tf.tensor1d(values) })),
  );
  try {
    return await tf.io.encodeWeights(tensors);
  } finally {
    tf.dispose(tensors.map(({ tensor }) => tensor));
  }
}

function decodeArrays(payload: Buffer, specs: tf.io.WeightsManifestEntry[]) {
  // A copy: a Buffer's memory may begin anywhere in a larger ArrayBuffer.
  const tensors = tf.io.decodeWeights(Uint8Array.from(payload).buffer, specs);
  const arrays = Object.entries(tensors).map(([name, tensor]) => [
    name,
    Float32Array.from(tensor.dataSync()),
  ]);
  tf.dispose(tensors);
  return Object.fromEntries(arrays) as Record<string, Float32Array>;
}
