import * as tf from '@tensorflow/tfjs';
import '@weightmap/wm-layers'; // registers the layers that a stored network may have
import { asClassifier, type Classifier } from '@weightmap/core';
import { flops, trainableParameters } from '@weightmap/metrics';
import { bytesOf } from '../files/base64.js';
import type { LoadRequest, NetworkFacts } from './protocol.js';

/** A network in the engine's memory. */
export interface OpenNetwork {
  readonly model: tf.LayersModel;
  readonly classifier: Classifier;
  readonly gradCamLayer: string;
  readonly facts: NetworkFacts;
}

/**
 * Reads a stored network. The caller disposes its model.
 *
 * @throws Error if it is damaged or has an unknown layer class.
 */
export async function openNetwork({
  stored: { modelTopology, weightSpecs, weights },
  gradCamLayer,
}: Omit<LoadRequest, 'network'>): Promise<OpenNetwork> {
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightSpecs as tf.io.WeightsManifestEntry[],
      weightData: bytesOf(weights).buffer,
    }),
  );
  const facts = { parameters: trainableParameters(model), flops: flopsOf(model) };
  return { model, classifier: asClassifier(model), gradCamLayer, facts };
}

/** Operations an image; null if a layer can't be counted. */
function flopsOf(model: tf.LayersModel): number | null {
  try {
    return flops(model).executed;
  } catch {
    return null;
  }
}
