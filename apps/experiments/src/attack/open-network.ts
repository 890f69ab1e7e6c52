import '@weightmap/architectures'; // registers the layers that a stored model may have
import { asClassifier } from '@weightmap/core';
import { compiledClassifier } from '@weightmap/engine';
import { loadModel } from '@weightmap/training';

/**
 * A trained network as it is attacked: compiled, for pixels in [0, 1]. The caller disposes it.
 *
 * @param weights the folder that it was saved in.
 * @throws WeightmapError if the weights are missing or damaged.
 */
export async function openNetwork(weights: string) {
  const model = await loadModel(weights);
  const classifier = compiledClassifier(asClassifier(model, { bounds: [0, 1] }));
  const dispose = () => {
    classifier.dispose();
    model.dispose();
  };
  return { model, classifier, dispose };
}
