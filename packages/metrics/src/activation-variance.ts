import * as tf from '@tensorflow/tfjs';
import {
  countOf,
  WeightmapError,
  type ActivationVarianceRecord,
  type Classifier,
  type ImageSet,
  type LayerVariance,
  type OnProgress,
} from '@weightmap/core';
import { perturbedBatches, type Perturbation } from './_perturbed-batches.js';
import { allLayers } from './_tap.js';
import { VarianceMeter, type MeteredLayer } from './_variance-meter.js';
import { checkFit } from './test-error.js';

export type { Perturbation } from './_perturbed-batches.js';

/** One feature layer, and how it passes variance on. */
export interface LayerActivationVariance extends LayerVariance {
  /** Name of the layer in the model. */
  readonly layer: string;
  /** What it is: a convolution, or which weight map. */
  readonly kind: ActivationVarianceRecord['kind'];
}

/** What is done to the images first, and in which portions. */
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
 * How every feature layer (convolution or weight map) passes the variance of its activations on, and the paper's
 * equation 5 in numbers.
 *
 * With Var the variance of one activation over the images (divided by their number), p a position, ci and co channels:
 *
 * - `input`: mean over p, ci of Var[x[p, ci]]; `output`: mean over p, co of Var[o[p, co]], o after the layer's own activation;
 * - `gain`: output / input, for every kind of layer;
 * - `amplification`, of weight maps only: the mean over p, ci, co of Var[w[p, ci, co]·x[p, ci]] (`measured`: the products
 *   are made and their variance is taken) and of w[p, ci, co]²·Var[x[p, ci]] (`predicted`), each divided by the input's.
 *
 * The two sides of equation 5 agree up to rounding, as they must for a fixed w: what the paper's hypothesis turns on is how
 * large they are, and how they compare under noise. Means and deviations are taken in float64, batch by batch, and merged; memory
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
  const meter = new VarianceMeter(model, classifier, layers);
  const total = countOf(set);
  for (const { images, start } of perturbedBatches(classifier, set, { perturbation, seed, batchSize })) {
    meter.add(images);
    onProgress?.({ stage: 'activation variance', done: Math.min(start + batchSize, total), total });
    await tf.nextFrame();
  }
  return named(layers, meter);
}

/** `activationVariance` of the images as they are, all at once: holds up the event loop until it is done. */
export function activationVarianceSync(
  model: tf.LayersModel,
  classifier: Classifier,
  set: ImageSet,
  { batchSize = 64 }: { batchSize?: number } = {},
): LayerActivationVariance[] {
  checkFit(classifier, set);
  const layers = featureLayers(model);
  const meter = new VarianceMeter(model, classifier, layers);
  const batches = perturbedBatches(classifier, set, { perturbation: undefined, seed: 0, batchSize });
  for (const { images } of batches) meter.add(images);
  return named(layers, meter);
}

type FeatureLayer = MeteredLayer & { readonly kind: ActivationVarianceRecord['kind'] };

/** The classes of feature layers, and whether they have a weight map. */
const KINDS: Readonly<Record<string, { kind: ActivationVarianceRecord['kind']; isWeightMap: boolean }>> = {
  Conv2D: { kind: 'conv', isWeightMap: false },
  SmoothingWeightMap: { kind: 'smoothing', isWeightMap: true },
  UnsharpWeightMap: { kind: 'unsharp', isWeightMap: true },
};

function featureLayers(model: tf.LayersModel): FeatureLayer[] {
  const found = allLayers(model).flatMap((layer) => {
    const { kind, isWeightMap } = KINDS[layer.getClassName()] ?? {};
    if (!kind) return [];
    const weightMap = isWeightMap ? layer.weights.find(({ shape }) => shape.length === 4) : undefined;
    return [{ layer, kind, weightMap: weightMap ?? null }];
  });
  if (found.length === 0)
    throw new WeightmapError('The model has no feature layers whose variance could be measured.', {
      expected: `a layer of one of the classes ${Object.keys(KINDS).join(', ')}`,
    });
  return found;
}

const named = (layers: readonly FeatureLayer[], meter: VarianceMeter): LayerActivationVariance[] =>
  meter
    .variances()
    .map((variance, i) => ({ layer: layers[i].layer.name, kind: layers[i].kind, ...variance }));
