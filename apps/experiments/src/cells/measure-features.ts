import type * as tf from '@tensorflow/tfjs';
import { balancedSubset, countOf, type Classifier, type Dataset, type OnProgress } from '@weightmap/core';
import { gradCamSharpness, noiseResponse } from '@weightmap/metrics';
import type { EvaluationConfig, ImageFrame, RunRecord } from '@weightmap/records';
import { conditions } from './conditions.js';
import { sideFigures, type SideFigures } from './side-figures.js';

/** Datasets of bright figures on a dark ground. Images of other datasets have no marked background. */
const DARK_GROUNDS = new Set(['mnist', 'digits']);

export interface FeatureOptions {
  /** Name of the layer that Grad-CAM uses. */
  layer: string;
  /** The pixels that Grad-CAM's maps are compared on: `sharpnessFrame`. Default: all that this network's maps cover. */
  frame?: () => ImageFrame | undefined;
  seed: number;
  /** Seeds the subsets of the test images. */
  subsetSeed: number;
  evaluation: EvaluationConfig;
  onProgress?: OnProgress;
  /** Takes the failures. */
  figures?: SideFigures;
}

/**
 * Measures a trained model's features on the test images: activation variances (equation 5) and sharpness of Grad-CAM (figure 5). One that
 * fails is empty.
 */
export async function measureFeatures(
  model: tf.LayersModel,
  classifier: Classifier,
  { id, test }: Dataset,
  { layer, frame, seed, subsetSeed, evaluation, onProgress, figures = sideFigures() }: FeatureOptions,
): Promise<Pick<RunRecord, 'activationVariance' | 'gradCamSharpness'>> {
  const shared = { seed, onProgress };
  const [clean, noisy, attacked] = conditions(evaluation);

  const forVariance = balancedSubset(test, evaluation.varianceImages, { seed: subsetSeed });
  const response = await figures.attempt('activationVariance', [], () =>
    noiseResponse(model, classifier, forVariance, { ...shared, perturbation: noisy.perturbation! }),
  );

  const forSharpness = balancedSubset(test, evaluation.sharpnessImages, { seed: subsetSeed });
  const background = DARK_GROUNDS.has(id) ? 'dark' : 'unknown';
  const sharpness = await figures.attempt('gradCamSharpness', [], async () => {
    const compared = frame?.();
    const rows: RunRecord['gradCamSharpness'] = [];
    for (const { condition, strength, perturbation } of [clean, noisy, attacked])
      rows.push({
        layer,
        condition,
        strength,
        ...(await gradCamSharpness(model, classifier, forSharpness, {
          ...shared,
          layer,
          frame: compared,
          perturbation,
          background,
        })),
      });
    return rows;
  });

  return {
    activationVariance: response.map((row) => ({
      ...row,
      n: countOf(forVariance),
      beta: noisy.strength,
    })),
    gradCamSharpness: sharpness,
  };
}
