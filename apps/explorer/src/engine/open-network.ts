import * as tf from '@tensorflow/tfjs';
import '@weightmap/wm-layers'; // registers the layers that a stored network may have
import { asClassifier, type Classifier } from '@weightmap/core';
import { DenoisingAutoencoder, GaussianClasses, NoiseLevel, StatisticalFilter } from '@weightmap/defenses';
import { flops, trainableParameters } from '@weightmap/metrics';
import { bytesOf } from '../files/base64.js';
import { paintMaps } from './paint-maps.js';
import type { LoadRequest, NetworkFacts } from './protocol.js';

// The layers that defences insert; the package itself counts as one without side effects.
for (const layer of [DenoisingAutoencoder, GaussianClasses, NoiseLevel, StatisticalFilter])
  tf.serialization.registerClass(layer);

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
  answers,
}: Omit<LoadRequest, 'network'>): Promise<OpenNetwork> {
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightSpecs as tf.io.WeightsManifestEntry[],
      weightData: bytesOf(weights).buffer,
    }),
  );
  const facts = { parameters: trainableParameters(model), flops: flopsOf(model), maps: paintMaps(model) };
  const classifier = { ...asClassifier(model), ...(answers !== undefined && { answers }) };
  return { model, classifier, gradCamLayer, facts };
}

/** Operations an image; null if a layer can't be counted. */
function flopsOf(model: tf.LayersModel): number | null {
  try {
    return flops(model).executed;
  } catch {
    return null;
  }
}
