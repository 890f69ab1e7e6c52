import * as tf from '@tensorflow/tfjs';
import {
  countOf,
  WeightmapError,
  type Classifier,
  type ImageSet,
  type LayerKind,
  type OnProgress,
} from '@weightmap/core';
import { perturbedBatches, type Perturbation } from './_perturbed-batches.js';
import { allLayers, layerLabels } from './_tap.js';
import { ActivationReader, ChangeMeter, VarianceMeter, type MeteredLayer } from './_variance-meter.js';
import { checkFit } from './test-error.js';

export type { Perturbation } from './_perturbed-batches.js';

/**
 * How a layer passes variance on. Every variance is that of one activation over the images (divided by n), then
 * averaged over positions and channels.
 */
export interface LayerVariance {
  /** Of the layer's input. */
  readonly input: number;
  /** Of the layer's output, after its own activation function. */
  readonly output: number;
  /** `output / input`, the one figure that convolutions and weight maps share; null where the input doesn't vary. */
  readonly gain: number | null;
  /**
   * The paper's equation 5, Var[w ⊙ x] = w²·Var[x]: both sides averaged over positions and pairs of channels, each
   * divided by `input`. Null for convolutions, and where the input doesn't vary.
   */
  readonly amplification: {
    /** The left side: the products w·x of every image, and their variance. */
    readonly measured: number;
    /** The right side. */
    readonly predicted: number;
  } | null;
}

/**
 * The share of a layer's variance that a perturbation causes, at its input and at its output. All three stay the same if a
 * factor is moved from one layer's weights to the next one's, which changes `gain` and `amplification` but not the network.
 */
export interface NoiseToSignal {
  /** Var[x̃ − x] / Var[x] of the layer's input, x̃ with the perturbation; null where x doesn't vary. */
  readonly input: number | null;
  /** The same of the layer's output, after its own activation function. */
  readonly output: number | null;
  /** `output / input`: below 1 the layer damps the perturbation, above 1 it makes it larger. Null where there is none. */
  readonly transfer: number | null;
}

/** One feature layer, and how it passes variance on. */
export interface LayerActivationVariance extends LayerVariance {
  /** Name of the layer in the model; its path, such as `/backbone/conv1`, if several layers have the name. */
  readonly layer: string;
  /** What it is: a convolution, or which weight map. */
  readonly kind: LayerKind;
}

/** Perturbation, seed, batch size and progress of the measurement. */
export interface ActivationVarianceOptions {
  /** What is done to the images first, uniform noise for example. Default: nothing. */
  perturbation?: Perturbation;
  /** Seeds what the perturbation draws. */
  seed: number;
  /** Images perturbed at a time; takes part in naming the streams, as in `robustnessCurve`. Default 64. */
  batchSize?: number;
  /** Counts images. */
  onProgress?: OnProgress;
}

/**
 * Measures the variance of the input and output of every feature layer (convolution or weight map), and both sides of the
 * paper's equation 5.
 *
 * With Var the variance of one activation over the images (divided by their number), p a position, ci and co channels:
 *
 * - `input`: mean over p, ci of Var[x[p, ci]]; `output`: mean over p, co of Var[o[p, co]], o after the layer's own activation;
 * - `gain`: output / input, for every kind of layer;
 * - `amplification`, of weight maps only: the mean over p, ci, co of Var[w[p, ci, co]·x[p, ci]] (`measured`: the products
 *   are made and their variance is taken) and of w[p, ci, co]²·Var[x[p, ci]] (`predicted`), each divided by the input's.
 *
 * The two sides of equation 5 agree up to rounding, as they must for a fixed w. How large they are depends on the scale of
 * the layers: where a network has c·w in one layer (weights and bias; c > 0, ReLU) and 1/c times the weights in the next
 * one, it is the same network, but `gain` and `amplification` are c² times as large in the first layer and 1/c² times in
 * the second. Their quotient, amplification / gain = Var[w ⊙ x] / Var[o], and the figures of `noiseResponse` stay
 * the same; compare networks by these. Means and deviations are taken in float64, batch by batch, and merged; memory
 * is bounded by what one batch needs.
 *
 * @param classifier made of `model`; a compiled one makes this faster.
 * @returns one for each feature layer, in the model's order.
 * @throws WeightmapError if the set is empty or doesn't fit the classifier, there are no feature layers, one is not used
 *   exactly once in a forward pass, or an activation is not finite; whatever the perturbation throws.
 * @see paper, section 5, equation 5
 */
export async function activationVariance(
  model: tf.LayersModel,
  classifier: Classifier,
  set: ImageSet,
  { perturbation, seed, batchSize = 64, onProgress }: ActivationVarianceOptions,
): Promise<LayerActivationVariance[]> {
  checkFit(classifier, set);
  const layers = featureLayers(model);
  const reader = new ActivationReader(model, classifier, layers);
  const meter = new VarianceMeter(layers);
  const total = countOf(set);
  for (const { images, start } of perturbedBatches(classifier, set, { perturbation, seed, batchSize })) {
    for (const activations of reader.read(images)) meter.add(activations);
    onProgress?.({ stage: 'activation variance', done: Math.min(start + batchSize, total), total });
    await tf.nextFrame();
  }
  return meter
    .variances()
    .map((variance, i) => ({ layer: layers[i].label, kind: layers[i].kind, ...variance }));
}

/** One feature layer, and what a perturbation of the images does to its activations. */
export interface LayerNoiseResponse {
  /** Name of the layer in the model; its path, such as `/backbone/conv1`, if several layers have the name. */
  readonly layer: string;
  /** What it is: a convolution, or which weight map. */
  readonly kind: LayerKind;
  /** On the images as they are. */
  readonly clean: LayerVariance;
  /** On the perturbed images. */
  readonly noisy: LayerVariance;
  /** By how much the perturbation changes its activations, in relation to how much they vary without it. */
  readonly noiseToSignal: NoiseToSignal;
}

/**
 * Measures the activation variances of every feature layer with and without a perturbation, and how much of the perturbation
 * each layer passes on.
 *
 * With x a layer's input of an image, x̃ that of the same image perturbed, o and õ the outputs after the layer's own
 * activation, and Var as in `activationVariance` (over the images, then averaged over positions and channels), `noiseToSignal` holds
 *
 *     input = Var[x̃ − x] / Var[x],   output = Var[õ − o] / Var[o],   transfer = output / input
 *
 * A factor moved from one layer to the next (c·w here, w/c there) scales x̃ − x as it scales x, so all three stay the same.
 * The change counts whole: where the perturbation also shrinks the image's contrast, as noise with `min-max` rescaling
 * does, that is a part of it.
 *
 * @param options.perturbation required.
 * @throws WeightmapError as `activationVariance`.
 * @see paper, section 5
 */
export async function noiseResponse(
  model: tf.LayersModel,
  classifier: Classifier,
  set: ImageSet,
  options: ActivationVarianceOptions & { perturbation: Perturbation },
): Promise<LayerNoiseResponse[]> {
  const { perturbation, seed, batchSize = 64, onProgress } = options;
  checkFit(classifier, set);
  const layers = featureLayers(model);
  const reader = new ActivationReader(model, classifier, layers);
  const [quiet, loud, change] = [
    new VarianceMeter(layers),
    new VarianceMeter(layers),
    new ChangeMeter(layers),
  ];
  const total = countOf(set);
  const batches = perturbedBatches(classifier, set, { perturbation, seed, batchSize });
  for (const { clean, images, start } of batches) {
    const perturbed = reader.read(images);
    for (const before of reader.read(clean)) {
      const after = perturbed.next().value!;
      quiet.add(before);
      loud.add(after);
      change.add(before, after);
    }
    onProgress?.({ stage: 'activation variance', done: Math.min(start + batchSize, total), total });
    await tf.nextFrame();
  }
  const [clean, noisy] = [quiet.variances(), loud.variances()];
  const noiseToSignal = change.noiseToSignal(clean);
  return layers.map(({ label, kind }, i) => ({
    layer: label,
    kind,
    clean: clean[i],
    noisy: noisy[i],
    noiseToSignal: noiseToSignal[i],
  }));
}

type FeatureLayer = MeteredLayer & { readonly kind: LayerKind; readonly label: string };

/** The classes of feature layers, and whether they have a weight map. */
const KINDS: Readonly<Record<string, { kind: LayerKind; isWeightMap: boolean }>> = {
  Conv2D: { kind: 'conv', isWeightMap: false },
  SmoothingWeightMap: { kind: 'smoothing', isWeightMap: true },
  UnsharpWeightMap: { kind: 'unsharp', isWeightMap: true },
};

function featureLayers(model: tf.LayersModel): FeatureLayer[] {
  const labels = layerLabels(model);
  const found = allLayers(model).flatMap((layer) => {
    const { kind, isWeightMap } = KINDS[layer.getClassName()] ?? {};
    if (!kind) return [];
    const weightMap = isWeightMap ? layer.weights.find(({ shape }) => shape.length === 4) : undefined;
    return [{ layer, kind, label: labels.get(layer)!, weightMap: weightMap ?? null }];
  });
  if (found.length === 0)
    throw new WeightmapError('The model has no feature layers whose variance could be measured.', {
      expected: `a layer of one of the classes ${Object.keys(KINDS).join(', ')}`,
    });
  return found;
}
