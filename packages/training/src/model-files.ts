import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { messageOf, parseJson, WeightmapError } from '@weightmap/core';
import { readIfThere, writeWhole } from '@weightmap/core/files';
import { z } from 'zod';
import { formAt, formOfBytes, formOfJson } from './_model-form.js';
import { checkGraph } from './_model-graph.js';
import { buildLayers, checkWeights } from './_model-weights.js';

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
      /** SHA-256 of `modelTopology` and `weightsManifest`, as JSON without spaces. Older models have none. */
      topologySha256: z.string().optional(),
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

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

/** Bytes that `model.json` may have. That of the largest published networks has about one million. */
const LARGEST_TOPOLOGY = 2 ** 26;

const topologyDigest = ({ modelTopology, weightsManifest }: Readonly<Record<string, unknown>>) =>
  sha256(JSON.stringify([modelTopology, weightsManifest]));

/**
 * Writes a model as tfjs's `model.json` and `weights.bin`, which `tf.loadLayersModel` reads in a
 * browser too. Each file is whole or absent; digests in `model.json` cover the layers and the weights.
 *
 * @param folder made if it isn't there; a model in it is replaced.
 * @throws WeightmapError if it can't be written.
 */
export async function saveModel(model: tf.LayersModel, folder: string): Promise<void> {
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    const weights = Buffer.from(tf.io.CompositeArrayBuffer.join(artifacts.weightData));
    const content = {
      modelTopology: artifacts.modelTopology,
      weightsManifest: [{ paths: [WEIGHTS], weights: artifacts.weightSpecs }],
    };
    const json = {
      format: artifacts.format,
      generatedBy: artifacts.generatedBy,
      convertedBy: artifacts.convertedBy ?? null,
      ...content,
      userDefinedMetadata: {
        ...artifacts.userDefinedMetadata,
        weightsSha256: sha256(weights),
        topologySha256: topologyDigest(content),
      },
    };
    await writeWhole(join(folder, WEIGHTS), weights, { within: folder });
    await writeWhole(join(folder, TOPOLOGY), JSON.stringify(json), { within: folder });
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
  });
  await model.save(handler);
}

/**
 * Reads the files of a model that `saveModel`, or tfjs itself, wrote, without building the model. Checks the digests that it
 * has, how its layers are connected, and that its weights are those that it lists. Only files of the folder are read, whatever
 * paths `model.json` names and wherever links lead.
 *
 * @returns `model.json`, and the bytes of all weights in its order.
 * @throws WeightmapError if a file is missing, cut short or changed, its layers can't be connected, or it is a model in another
 *   form (Keras 3, a graph model, PyTorch …), which the message names.
 */
export async function readModelFiles(folder: string): Promise<ModelFiles> {
  const json = parseTopology(
    await readPart(folder, TOPOLOGY, { largest: LARGEST_TOPOLOGY }),
    join(folder, TOPOLOGY),
  );
  const paths = json.weightsManifest.flatMap((group) => group.paths);
  const weights = Buffer.concat(await Promise.all(paths.map((path) => readPart(folder, path))));
  const expected = json.userDefinedMetadata?.weightsSha256;
  const where = join(folder, paths.join(', '));
  if (expected !== undefined && sha256(weights) !== expected)
    throw damaged(where, 'it is not the file that model.json was written with');
  try {
    checkWeights(
      json.weightsManifest.flatMap((group) => group.weights),
      weights.length,
    );
  } catch (error) {
    const form = formOfBytes(weights);
    throw form ? otherForm(where, form) : damaged(where, messageOf(error));
  }
  return { json, weights };
}

/**
 * Reads what `saveModel`, or tfjs itself, wrote. The caller disposes the model.
 *
 * Classes of layers that tfjs doesn't know must have been registered: import the package that
 * defines them (`@weightmap/wm-layers`) first.
 *
 * @throws WeightmapError as `readModelFiles`, and if the weights are not those of the layers, or a class of layers is unknown.
 */
export async function loadModel(folder: string): Promise<tf.LayersModel> {
  const { json, weights } = await readModelFiles(folder);
  const specs = json.weightsManifest.flatMap(
    (group) => group.weights,
  ) as unknown as tf.io.WeightsManifestEntry[];
  let model: tf.LayersModel | undefined;
  try {
    model = await buildLayers(json.modelTopology, specs);
    if (json.userDefinedMetadata) model.setUserDefinedMetadata(json.userDefinedMetadata);
    // A copy: a Buffer's memory may begin anywhere in a larger ArrayBuffer.
    const values = tf.io.decodeWeights(Uint8Array.from(weights).buffer, specs);
    try {
      for (const [name, value] of Object.entries(values))
        if (value.dtype === 'float32' && !value.dataSync().every(Number.isFinite))
          throw new Error(`the weight ${name} holds NaN or an infinity`);
      const ofOptimizer = new Set(specs.filter(({ group }) => group === 'optimizer').map(({ name }) => name));
      model.loadWeights(
        Object.fromEntries(Object.entries(values).filter(([name]) => !ofOptimizer.has(name))),
      );
    } finally {
      tf.dispose(values);
    }
    return model;
  } catch (error) {
    model?.dispose();
    throw notBuilt(error, folder);
  }
}

/** What is said of a model that tfjs doesn't build. */
function notBuilt(error: unknown, folder: string): WeightmapError {
  const [, kind, name] = /Unknown (\w+):? '?([\w>$.]+)/.exec(messageOf(error)) ?? [];
  if (kind === 'layer')
    return new WeightmapError(`The model has a layer of the unknown class ${name}.`, {
      where: join(folder, TOPOLOGY),
      expected: 'a class that is registered with tfjs',
      fix: 'Import the package that defines it before loading: for weight map layers, @weightmap/wm-layers.',
    });
  if (kind !== undefined)
    return new WeightmapError(`The model uses the unknown ${kind} ${name}.`, {
      where: join(folder, TOPOLOGY),
      expected: `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind} that tfjs has, or that is registered with it`,
      fix: 'Register it by tf.serialization.registerClass before loading, or build the model without it.',
    });
  const why =
    error instanceof TypeError ? "its layers don't fit together" : messageOf(error).replace(/\.+$/, '');
  return damaged(folder, why);
}

async function readPart(folder: string, name: string, limits: { largest?: number } = {}): Promise<Buffer> {
  const bytes = await readIfThere(join(folder, name), { within: folder, ...limits });
  if (bytes) return bytes;
  const form = name === TOPOLOGY ? formAt(folder) : null;
  if (form) throw otherForm(form.file, form);
  throw new WeightmapError(`There is no model in ${folder}: ${name} is missing.`, {
    where: join(folder, name),
    expected: `${TOPOLOGY} and ${WEIGHTS}, as saveModel writes them`,
  });
}

function parseTopology(bytes: Buffer, path: string): ModelJson {
  const form = formOfBytes(bytes);
  if (form) throw otherForm(path, form);
  const content = contentOf(bytes, path);
  const jsonForm = formOfJson(content);
  if (jsonForm) throw otherForm(path, jsonForm);
  const parsed = modelJsonSchema.safeParse(content);
  if (!parsed.success) throw damaged(path, 'it is not a tfjs layers model');
  const { topologySha256 } = parsed.data.userDefinedMetadata ?? {};
  try {
    if (topologySha256 !== undefined && topologySha256 !== topologyDigest(content as ModelJson))
      throw new Error('its layers or its list of weights were changed since it was written');
    checkGraph(parsed.data.modelTopology);
  } catch (error) {
    throw damaged(path, messageOf(error));
  }
  return parsed.data;
}

function contentOf(bytes: Buffer, path: string): unknown {
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  try {
    return parseJson(text);
  } catch (error) {
    // Only numbers: a name in quotes may hold such a word.
    const literal = error instanceof SyntaxError && /[:[,]\s*(-?(?:NaN|Infinity))\b/.exec(text)?.[1];
    if (!literal) throw damaged(path, messageOf(error));
    throw new WeightmapError(`The model's description has ${literal}, which JSON doesn't allow.`, {
      where: path,
      expected: "JSON; Python's json writes such numbers all the same",
      fix: 'write it again with a finite number there: json.dumps(…, allow_nan=False) finds the place',
    });
  }
}

const otherForm = (where: string, { is, fix }: { is: string; fix: string }) =>
  new WeightmapError(`This is ${is}.`, {
    where,
    expected: `a TensorFlow.js Layers model: ${TOPOLOGY} and ${WEIGHTS}, as saveModel writes them`,
    fix,
  });

const damaged = (where: string, why: string) =>
  new WeightmapError(`The model is damaged: ${why}.`, { where, fix: 'Save or copy the model again.' });
