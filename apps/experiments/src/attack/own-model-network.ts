import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { variants } from '@weightmap/architectures'; // also registers the layers that a stored model may have
import {
  asClassifier,
  checkBounds,
  fromProbabilities,
  lastActivation,
  lastLayer,
  messageOf,
  NotFoundError,
  UsageError,
  WeightmapError,
  type Classifier,
  type ImageSpec,
} from '@weightmap/core';
import { readIfThere } from '@weightmap/core/files';
import { loadGraphModel, loadModel, loadSafetensors, type LoadedGraph } from '@weightmap/training';
import { buildVariant } from '../plugins/components.js';
import { unknownName } from '../terminal/nearest.js';

/** How pixels from 0 to 1 become what a network expects: scaled to the bounds, then minus the mean, over the deviation. */
export interface Preprocessing {
  /** Smallest and largest pixel before the normalisation. */
  readonly bounds: readonly [low: number, high: number];
  /** In the unit of the bounds; one number, or one a channel. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** A stored network of the user, and the files that it is in. */
export interface OwnModel {
  /** In messages and file names: letters, digits, “-”, “_”, “.”. */
  readonly name: string;
  /** The form that it is stored in. */
  readonly form: 'layers model' | 'graph model' | 'safetensors';
  /** SHA-256 over its files. */
  readonly sha256: string;
  /** What it says of the size of its images. */
  readonly shape: Partial<Pick<ImageSpec, 'height' | 'width' | 'channels'>>;
  /**
   * Makes a classifier of it for pixels in [0, 1].
   *
   * @param output name of the output, of a network with several.
   * @throws WeightmapError if it doesn't take such images, or doesn't give one number for each of that many classes.
   */
  classifier(spec: ImageSpec, output: string | undefined): OwnClassifier;
  dispose(): void;
}

/** A classifier, and the form of the network's outputs. */
export interface OwnClassifier {
  readonly classifier: Classifier;
  /** What its output is, and what was done with it. */
  readonly outputs: string;
  /** Whether its steps can be compiled. */
  readonly compiles: boolean;
}

/**
 * Reads a network: a folder with the `model.json` of a layers or graph model of TensorFlow.js, that file itself, or a safetensors
 * file with the weights of a variant.
 *
 * @throws UsageError if a variant is named and not needed, or needed and not named.
 * @throws WeightmapError if the files are missing, damaged or in a form that isn't read.
 */
export async function loadOwnModel(
  given: string,
  { variant, spec }: { variant?: string; spec: () => Promise<ImageSpec> },
): Promise<OwnModel> {
  const place = await placeOf(given);
  const isWeights = place.endsWith('.safetensors');
  const name = (isWeights ? path.basename(place, '.safetensors') : path.basename(path.resolve(place)))
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[^\w]+/, '');
  if (isWeights !== (variant !== undefined))
    throw isWeights
      ? new UsageError('A safetensors file holds weights without the layers.', {
          where: place,
          expected: 'the variant whose weights these are, such as --variant cnn-33',
          fix: '`weightmap list` lists the variants',
        })
      : new UsageError('--variant has no effect with a model that has its layers.', {
          where: '--variant',
          fix: 'leave it out; it is for safetensors files',
        });
  if (isWeights) {
    const known = variants.map(({ id }) => id);
    if (!known.includes(variant as never)) throw unknownName('variant', variant!, known, '--variant');
    const model = buildVariant(variant!, { spec: await spec(), seed: 0 });
    try {
      await loadSafetensors(model, place);
    } catch (error) {
      model.dispose();
      throw error;
    }
    return fromLayers(model, { name, form: 'safetensors', sha256: await digestOf([place]) });
  }
  const sha256 = await digestOf(await filesIn(place));
  const graph = await loadGraphModel(place);
  if (graph) return fromGraph(graph, { name, form: 'graph model', sha256 });
  return fromLayers(await loadModel(place), { name, form: 'layers model', sha256 });
}

/** The folder of a `model.json`, or a safetensors file. */
async function placeOf(given: string): Promise<string> {
  const found = await stat(given).catch(() => null);
  if (!found)
    throw new NotFoundError('There is no such model.', {
      where: given,
      expected: "a model.json, its folder, a safetensors file, or a run's folder",
    });
  if (!found.isDirectory()) {
    if (path.basename(given) === 'model.json') return path.dirname(given);
    if (/\.json$/i.test(given))
      throw new WeightmapError('The description of a model is read by the name model.json alone.', {
        where: given,
        fix: 'rename it, beside its files of weights',
      });
    return given;
  }
  const names = await readdir(given);
  const weights = names.filter((name) => name.endsWith('.safetensors'));
  return !names.includes('model.json') && weights.length === 1 ? path.join(given, weights[0]) : given;
}

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name === 'model.json' || name.endsWith('.bin') || /shard\d+of\d+/.test(name))
    .sort()
    .map((name) => path.join(folder, name));
}

async function digestOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files)
    hash.update(path.basename(file)).update((await readIfThere(file).catch(() => null)) ?? '');
  return hash.digest('hex');
}

type About = Pick<OwnModel, 'name' | 'form' | 'sha256'>;

function fromLayers(model: tf.LayersModel, about: About): OwnModel {
  return {
    ...about,
    shape: shapeOf(model.inputs.length === 1 ? model.inputs[0].shape : []),
    classifier({ height, width, channels, classes }, output) {
      const { network, outputs, isExact } = withLogits(model, output);
      const options = {
        inputShape: [height, width, channels] as const,
        ...(network === model && { output }),
      };
      const index = network === model ? outputIndex(model, output) : 0;
      const classifier = inCommandWords(() => {
        if (!isExact) return fromProbabilities(network, options);
        // A single output is the logit of the second class of two.
        return asClassifier(network, {
          ...options,
          ...(network.outputs[index].shape[1] === 1 && { classes: 2 }),
        });
      });
      checkClasses(classifier.classes, classes);
      return { classifier, outputs, compiles: true };
    },
    dispose: () => void model.dispose(),
  };
}

/** The index of an output by its name; the first one without a name, or with an unknown one. */
const outputIndex = (model: tf.LayersModel, name: string | undefined): number =>
  name === undefined ? 0 : Math.max(model.outputNames.indexOf(name), 0);

/** Errors of the libraries name arguments of functions; these are the command's options. */
function inCommandWords<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof WeightmapError)) throw error;
    const named = /asClassifier\(model, \{ output: '(.*)' \}\)/.exec(error.details.fix ?? '')?.[1];
    const { fix: given = '' } = error.details;
    const fix =
      named !== undefined
        ? `name it: --output ${named}`
        : /inputShape/.test(given)
          ? 'give images of the size that the model expects, or another model'
          : /asClassifier|fromProbabilities|tf\.model/.test(given)
            ? 'give the model one output without activation for each class, and save it again'
            : error.details.fix;
    throw new WeightmapError(error.message, { ...error.details, fix }, { cause: error });
  }
}

/** A layer as tfjs has it at run time. */
type Activated = tf.layers.Layer & { activation?: unknown };

/**
 * A model that ends in a softmax or in a single sigmoid, without that: where a probability rounds to 1, its gradient is lost, and
 * attacks would fail for that alone.
 *
 * @param model changed in place if its last layer has the activation itself.
 */
function withLogits(
  model: tf.LayersModel,
  output: string | undefined,
): { network: tf.LayersModel; outputs: string; isExact: boolean } {
  const index = outputIndex(model, output);
  const isSingle = model.outputs[index].shape[1] === 1;
  const kind = isSingle ? 'sigmoid' : 'softmax';
  const isAmbiguous = output === undefined && model.outputs.length > 1;
  if (isAmbiguous || lastActivation(model, index) !== kind)
    return { network: model, outputs: isSingle ? 'the logit of the second class' : 'logits', isExact: true };
  const layer = lastLayer(model, index) as Activated;
  const what = isSingle ? 'the probability of the second class' : 'probabilities';
  const outputs = `${what}: attacked before the ${kind}`;
  if (layer.activation !== undefined) {
    layer.activation = (tf.layers.activation({ activation: 'linear' }) as Activated).activation;
    return { network: model, outputs, isExact: true };
  }
  // A Softmax layer: the model up to its input, if it is the model's own last one.
  if (model.layers.includes(layer) && layer.inboundNodes.length === 1) {
    const [before] = layer.inboundNodes[0].inputTensors;
    return { network: tf.model({ inputs: model.inputs, outputs: before }), outputs, isExact: true };
  }
  return {
    network: model,
    outputs: `${what}: attacked by their logarithm, which is less exact`,
    isExact: false,
  };
}

function fromGraph({ model, nodes }: LoadedGraph, about: About): OwnModel {
  const shapes = model.inputs.map(({ shape }) => shape as readonly (number | null)[] | undefined);
  return {
    ...about,
    shape: shapeOf(shapes.length === 1 ? (shapes[0] ?? []) : []),
    classifier({ height, width, channels, classes }, output) {
      const own = shapes[0]?.map((length) => (length === null || length < 0 ? null : length));
      const inputShape = [height, width, channels] as const;
      const refuse = (what: string, expected: string) =>
        new WeightmapError(what, { where: `the inputs of ${about.name}`, expected });
      if (model.inputs.length !== 1)
        throw refuse(
          `The model has ${model.inputs.length} inputs: ${model.inputNodes.join(', ')}.`,
          'one, for the images',
        );
      if (model.inputs[0].dtype !== 'float32')
        throw refuse(`The model takes ${model.inputs[0].dtype}, which has no gradient.`, 'float32');
      if (own && own[0] !== null)
        throw refuse(`The model takes batches of exactly ${own[0]} images.`, 'an open batch size');
      if (own && !fits(own.slice(1), inputShape))
        throw refuse(
          `The model doesn't take images of [${inputShape.join(', ')}].`,
          `[${own
            .slice(1)
            .map((length) => length ?? 'open')
            .join(', ')}], channels last`,
        );
      const end = outputNode(model.outputNodes, output);
      // Outputs are called by their names in the signature, if it has some.
      const signature = model.modelSignature as { outputs?: Record<string, { name?: string }> } | undefined;
      const { node, kind } = beforeActivation(nodes, signature?.outputs?.[end]?.name?.split(':')[0] ?? end);
      const apply = (images: tf.Tensor4D) =>
        tf.tidy(() => {
          const input = own?.length === 2 ? images.reshape([images.shape[0], own[1]!]) : images;
          return model.execute({ [model.inputNodes[0]]: input }, node) as tf.Tensor2D;
        });
      const found = outputShape(apply, inputShape, node);
      if (found.length !== 2 || found[0] !== 2)
        throw new WeightmapError(`The model's output is [${found.join(', ')}] for two images.`, {
          where: `the output "${end}"`,
          expected: '[batch, classes], one row for each image',
        });
      const isSingle = found[1] === 1;
      if (kind === 'sigmoid' && !isSingle)
        throw new WeightmapError('The model ends in a sigmoid for each class.', {
          where: `the output "${end}"`,
          expected: 'one class for each image: a softmax, logits, or a single sigmoid',
        });
      checkClasses(isSingle ? 2 : found[1], classes);
      const rows = (images: tf.Tensor4D) =>
        isSingle
          ? tf.tidy(() => tf.concat<tf.Tensor2D>([tf.zeros([images.shape[0], 1]), apply(images)], 1))
          : apply(images);
      const what = isSingle ? 'the logit of the second class' : 'logits';
      return {
        classifier: { classes: classes.length, inputShape, bounds: [0, 1], logits: rows },
        outputs: kind === null ? what : `probabilities: attacked before the ${kind}`,
        compiles: false,
      };
    },
    dispose: () => model.dispose(),
  };
}

const fits = (own: readonly (number | null)[], [height, width, channels]: readonly number[]): boolean =>
  own.length === 1
    ? own[0] === height * width * channels
    : own.length === 3 &&
      [height, width, channels].every((length, i) => own[i] === null || own[i] === length);

function outputNode(names: readonly string[], wanted: string | undefined): string {
  const plain = names.map((name) => name.split(':')[0]);
  if (wanted !== undefined && !plain.includes(wanted)) throw unknownName('output', wanted, plain, '--output');
  if (wanted === undefined && plain.length > 1)
    throw new WeightmapError(`The model has ${plain.length} outputs.`, {
      where: plain.join(', '),
      expected: 'one, with a number for each class',
      fix: `name it: --output ${plain[0]}`,
    });
  return wanted ?? plain[0];
}

/** The node before a softmax or sigmoid at the end of a graph; the end itself if there is none. */
function beforeActivation(nodes: LoadedGraph['nodes'], end: string) {
  const named = new Map(nodes.map((node) => [node.name, node]));
  let node = end;
  // A chain can't be longer than the graph.
  for (let passed = 0; passed < nodes.length; passed++) {
    const found = named.get(node);
    const input = found?.input?.[0]?.replace(/^\^/, '').split(':')[0];
    if (!found || input === undefined) break;
    if (found.op === 'Softmax') return { node: input, kind: 'softmax' as const };
    if (found.op === 'Sigmoid') return { node: input, kind: 'sigmoid' as const };
    if (found.op !== 'Identity') break;
    node = input;
  }
  return { node: end, kind: null };
}

function outputShape(
  apply: (images: tf.Tensor4D) => tf.Tensor,
  shape: readonly [number, number, number],
  node: string,
): number[] {
  try {
    return tf.tidy(() => apply(tf.zeros([2, ...shape])).shape);
  } catch (error) {
    throw new WeightmapError(`The graph model can't be run: ${messageOf(error).replace(/\.+$/, '')}.`, {
      where: `the output "${node}", images of [${shape.join(', ')}]`,
      expected: 'a graph of operations that TensorFlow.js has, without control flow',
    });
  }
}

/** What an input says of its images; nothing for a vector, or with the channels elsewhere than last. */
function shapeOf(input: readonly (number | null)[]): OwnModel['shape'] {
  const [height, width, channels = input.length === 3 ? 1 : undefined] = input
    .slice(1)
    .map((length) => (length === null || length < 0 ? undefined : length));
  if (input.length < 3 || input.length > 4 || (channels !== undefined && channels > 4)) return {};
  return Object.fromEntries(
    Object.entries({ height, width, channels }).filter(([, length]) => length !== undefined),
  );
}

function checkClasses(found: number, classes: readonly string[]): void {
  if (found === classes.length) return;
  throw new WeightmapError(`The model has ${found} classes, and the images have ${classes.length}.`, {
    where: `the images' classes: ${classes.slice(0, 12).join(', ')}${classes.length > 12 ? ' …' : ''}`,
    expected: 'an output for each class of the images, in their order',
    fix: 'give the images that the model was trained for, a folder for each class',
  });
}

/**
 * Puts a preprocessing before a classifier for pixels in [0, 1]; gradients pass through it.
 *
 * @throws WeightmapError if it has another number of channels than the images.
 */
export function preprocessed(
  classifier: Classifier,
  { bounds: [low, high], mean, deviation }: Preprocessing,
): Classifier {
  checkBounds([low, high]);
  const [, , channels] = classifier.inputShape;
  const perChannel = (values: readonly number[]) => {
    if (values.length !== 1 && values.length !== channels)
      throw new UsageError(`--normalise gives ${values.length} channels, and the images have ${channels}.`, {
        where: '--normalise',
        expected:
          channels === 1 ? 'one number each' : `one number for all channels, or ${channels} joined by colons`,
      });
    return Array.from({ length: channels }, (_, i) => values[i] ?? values[0]);
  };
  const divisors = perChannel(deviation);
  const factors = divisors.map((divisor) => (high - low) / divisor);
  const offsets = perChannel(mean).map((value, i) => (low - value) / divisors[i]);
  if (factors.every((factor) => factor === 1) && offsets.every((offset) => offset === 0)) return classifier;
  return {
    ...classifier,
    bounds: [0, 1],
    logits: (images) =>
      tf.tidy(() => classifier.logits(images.mul(tf.tensor1d(factors)).add(tf.tensor1d(offsets)))),
  };
}
