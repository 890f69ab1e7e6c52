import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { messageOf, parseJson, WeightmapError } from '@weightmap/core';
import { readIfThere } from '@weightmap/core/files';
import { z } from 'zod';
import { checkWeights } from './_model-weights.js';

const nodeSchema = z.looseObject({
  name: z.string(),
  op: z.string(),
  input: z.array(z.string()).optional(),
});
/** Of the signature: the node that each input or output is. */
const tensorsSchema = z.record(z.string(), z.looseObject({ name: z.string() })).nullish();
const graphSchema = z.looseObject({
  format: z.literal('graph-model'),
  modelTopology: z.looseObject({ node: z.array(nodeSchema).min(1) }),
  signature: z.looseObject({ inputs: tensorsSchema, outputs: tensorsSchema }).nullish(),
  weightsManifest: z.array(
    z.looseObject({ paths: z.array(z.string()), weights: z.array(z.looseObject({})) }),
  ),
});

/** A loaded graph model of TensorFlow.js. */
export interface LoadedGraph {
  /** The caller disposes it. */
  readonly model: tf.GraphModel;
  /** The nodes of its graph as they are stored. */
  readonly nodes: readonly {
    /** Unique within the graph. */
    readonly name: string;
    /** TensorFlow's operation, such as `Conv2D`. */
    readonly op: string;
    /** Names of the nodes that it reads. */
    readonly input?: readonly string[];
  }[];
}

const LARGEST_TOPOLOGY = 2 ** 26;

/**
 * Reads a graph model that `tensorflowjs_converter` wrote. Only files of the folder are read, whatever paths `model.json` names.
 *
 * @returns null if the `model.json` in the folder is not that of a graph model, or if there is none.
 * @throws WeightmapError if its weights are missing, cut short or not finite, or if its graph can't be read.
 */
export async function loadGraphModel(folder: string): Promise<LoadedGraph | null> {
  const file = join(folder, 'model.json');
  const bytes = await readIfThere(file, { within: folder, largest: LARGEST_TOPOLOGY });
  const json = bytes && parsed(bytes.toString());
  if (!json || (json as { format?: unknown }).format !== 'graph-model') return null;
  let model: tf.GraphModel | undefined;
  try {
    const graph = graphSchema.parse(json);
    const paths = graph.weightsManifest.flatMap((group) => group.paths);
    const shards = await Promise.all(
      paths.map(async (path) => {
        const shard = await readIfThere(join(folder, path), { within: folder });
        if (!shard) throw new Error(`its file of weights ${path} is missing`);
        return shard;
      }),
    );
    const weights = Buffer.concat(shards);
    const specs = graph.weightsManifest.flatMap((group) => group.weights);
    checkWeights(specs, weights.length);
    // A copy: a Buffer's memory may begin anywhere in a larger ArrayBuffer.
    const weightData = Uint8Array.from(weights).buffer;
    const { modelTopology, ...rest } = graph;
    checkSignature(graph);
    // tfjs adds to the nodes that it is given.
    const nodes = modelTopology.node.map(({ name, op, input }) => ({ name, op, ...(input && { input }) }));
    model = await tf.loadGraphModel({
      load: () =>
        Promise.resolve({
          ...(rest as Pick<tf.io.ModelArtifacts, 'signature' | 'userDefinedMetadata' | 'modelInitializer'>),
          modelTopology,
          weightSpecs: specs as unknown as tf.io.WeightsManifestEntry[],
          weightData,
        }),
    });
    for (const [name, values] of Object.entries(model.weights))
      for (const value of values)
        if (value.dtype === 'float32' && !value.dataSync().every(Number.isFinite))
          throw new Error(`the weight ${name} holds NaN or an infinity`);
    return { model, nodes };
  } catch (error) {
    model?.dispose();
    throw new WeightmapError(`The graph model can't be loaded: ${reasonOf(error)}.`, {
      where: file,
      expected: 'model.json and its files of weights, as tensorflowjs_converter writes them',
      fix: 'convert or copy the model again',
    });
  }
}

/** @throws Error if an input or output of the signature is no node of the graph. */
function checkSignature({ modelTopology, signature }: z.infer<typeof graphSchema>): void {
  const known = new Set(modelTopology.node.map(({ name }) => name));
  for (const kind of ['inputs', 'outputs'] as const)
    for (const { name } of Object.values(signature?.[kind] ?? {}))
      if (!known.has(name.split(':')[0]))
        throw new Error(
          `its signature has "${name.slice(0, 100)}" among its ${kind}, which the graph doesn't have`,
        );
}

function parsed(text: string): unknown {
  try {
    return parseJson(text.replace(/^\uFEFF/, ''));
  } catch {
    return null;
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof z.ZodError
    ? `${error.issues[0].path.join('.')}: ${error.issues[0].message}`
    : messageOf(error).replace(/\.+$/, '');
