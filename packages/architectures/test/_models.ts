import * as tf from '@tensorflow/tfjs';
import { randomStream } from '@weightmap/core';

/** Images of uniform noise; the caller disposes them. */
export const noise = (shape: [number, number, number, number]): tf.Tensor4D =>
  tf.tensor4d(randomStream(7, 'images').uniforms(tf.util.sizeFromShape(shape)), shape);

/** Puts every weight at a random value, so that none is neutral (γ = 1, mean 0, …). */
export function scramble(model: tf.LayersModel, [from, to] = [0.1, 0.5]): void {
  const random = randomStream(3, 'scramble');
  tf.tidy(() =>
    model.setWeights(
      model.getWeights().map(({ size, shape }) => tf.tensor(random.uniforms(size, from, to), shape)),
    ),
  );
}

/** A copy that has been through what a file would keep; the caller disposes it. */
export async function saveAndLoad(model: tf.LayersModel): Promise<tf.LayersModel> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  const modelTopology = JSON.parse(JSON.stringify(saved!.modelTopology)) as object;
  return tf.loadLayersModel(tf.io.fromMemory({ ...saved!, modelTopology }));
}

/** The weights of a layer, for the plain loops. */
export const weightsOf = (model: tf.LayersModel, layer: string): ArrayLike<number>[] =>
  model
    .getLayer(layer)
    .getWeights()
    .map((weight) => weight.dataSync());
