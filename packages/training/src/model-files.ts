import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { messageOf, WeightmapError } from '@weightmap/core';
import { z } from 'zod';
import { readIfThere, writeWhole } from '@weightmap/core/files';

const TOPOLOGY = 'model.json';
const WEIGHTS = 'weights.bin';

/** The part of tfjs's `model.json` that is looked at here; the rest is handed to tfjs as it is. */
const modelJsonSchema = z.looseObject({
  /** The layers, as Keras writes them. */
  modelTopology: z.looseObject({}),
  /** The weights, in groups of one or more files. */
  weightsManifest: z.array(
    z.looseObject({
      /** The group's files, in the model's folder. */
      paths: z.array(z.string()),
      /** Name, shape and type of each weight, in the files' order. */
      weights: z.array(z.looseObject({})),
    }),
  ),
  /** Added by `saveModel`. */
  userDefinedMetadata: z
    .looseObject({
      /** SHA-256 of all weights' bytes. */
      weightsSha256: z.string().optional(),
    })
    .optional(),
});

/** tfjs's `model.json`: the layers, and the name, shape and type of each weight. */
export type ModelJson = z.infer<typeof modelJsonSchema>;

/** The files of a stored model. */
export interface ModelFiles {
  /** Content of `model.json`. */
  readonly json: ModelJson;
  /** The bytes of all weights in its order. */
  readonly weights: Buffer;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/**
 * Writes a model as tfjs's `model.json` and `weights.bin`, which `tf.loadLayersModel` reads in a
 * browser too. Each file is whole or absent; a digest in `model.json` ties the two together.
 *
 * @param folder made if it isn't there; a model in it is replaced.
 * @throws WeightmapError if it can't be written.
 */
export async function saveModel(model: tf.LayersModel, folder: string): Promise<void> {
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    const weights = Buffer.from(tf.io.CompositeArrayBuffer.join(artifacts.weightData));
    const json = {
      format: artifacts.format,
      generatedBy: artifacts.generatedBy,
      convertedBy: artifacts.convertedBy ?? null,
      modelTopology: artifacts.modelTopology,
      weightsManifest: [{ paths: [WEIGHTS], weights: artifacts.weightSpecs }],
      userDefinedMetadata: { ...artifacts.userDefinedMetadata, weightsSha256: sha256(weights) },
    };
    await writeWhole(join(folder, WEIGHTS), weights);
    await writeWhole(join(folder, TOPOLOGY), JSON.stringify(json));
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
  });
  await model.save(handler);
}

/**
 * Reads the files of a model that `saveModel`, or tfjs itself, wrote, without building the model.
 *
 * @returns `model.json`, and the bytes of all weights in its order.
 * @throws WeightmapError if a file is missing, cut short or changed.
 */
export async function readModelFiles(folder: string): Promise<ModelFiles> {
  const json = parseTopology(await readPart(folder, TOPOLOGY), join(folder, TOPOLOGY));
  const paths = json.weightsManifest.flatMap((group) => group.paths);
  const weights = Buffer.concat(await Promise.all(paths.map((path) => readPart(folder, path))));
  const expected = json.userDefinedMetadata?.weightsSha256;
  if (expected !== undefined && sha256(weights) !== expected)
    throw damaged(join(folder, paths.join(', ')), 'it is not the file that model.json was written with');
  return { json, weights };
}

/**
 * Reads what `saveModel`, or tfjs itself, wrote. The caller disposes the model.
 *
 * Classes of layers that tfjs doesn't know must have been registered: import the package that
 * defines them (`@weightmap/wm-layers`) first.
 *
 * @throws WeightmapError if a file is missing, cut short or changed, or a class of layers is unknown.
 */
export async function loadModel(folder: string): Promise<tf.LayersModel> {
  const { json, weights } = await readModelFiles(folder);
  const loadWeights = (manifest: tf.io.WeightsManifestConfig) => {
    const specs = manifest.flatMap((group) => group.weights);
    return Promise.resolve<[tf.io.WeightsManifestEntry[], ArrayBuffer]>([
      specs,
      Uint8Array.from(weights).buffer,
    ]);
  };
  const load = () => tf.io.getModelArtifactsForJSON(json as unknown as tf.io.ModelJSON, loadWeights);
  try {
    return await tf.loadLayersModel({ load });
  } catch (error) {
    const unknown = /Unknown layer: (\w+)/.exec(messageOf(error))?.[1];
    if (unknown === undefined) throw damaged(folder, messageOf(error));
    throw new WeightmapError(`The model has a layer of the unknown class ${unknown}.`, {
      where: join(folder, TOPOLOGY),
      expected: 'a class that is registered with tfjs',
      fix: 'Import the package that defines it before loading: for weight map layers, @weightmap/wm-layers.',
    });
  }
}

async function readPart(folder: string, name: string): Promise<Buffer> {
  const bytes = await readIfThere(join(folder, name));
  if (bytes) return bytes;
  throw new WeightmapError(`There is no model in ${folder}: ${name} is missing.`, {
    where: join(folder, name),
    expected: `${TOPOLOGY} and ${WEIGHTS}, as saveModel writes them`,
  });
}

function parseTopology(bytes: Buffer, path: string): ModelJson {
  try {
    return modelJsonSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw damaged(path, error instanceof SyntaxError ? messageOf(error) : 'it is not a tfjs layers model');
  }
}

const damaged = (where: string, why: string) =>
  new WeightmapError(`The model is damaged: ${why}.`, { where, fix: 'Save or copy the model again.' });
