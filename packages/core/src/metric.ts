import type * as tf from '@tensorflow/tfjs';
import type { Classifier } from './classifier.js';
import type { ImageSet } from './dataset.js';

/** What a metric measures. */
export interface MetricSubject {
  /** The trained network, for what looks into it: weights, layers, their outputs. */
  readonly model: tf.LayersModel;
  /** The same network from images to logits; compiled where the engine can. */
  readonly classifier: Classifier;
  /** The images to measure on: give `batchesOf` the classifier, so that they lie within its bounds. */
  readonly test: ImageSet;
  /** Images a forward pass. */
  readonly batchSize: number;
}

/** One figure, or one object of figures, of a trained model; a row of the registry in `@weightmap/metrics`. */
export interface Metric<Value = unknown> {
  /** Registry name, in kebab-case. */
  readonly id: string;
  /** What a report calls it. */
  readonly label: string;
  /** `%`, `FLOPs an image`, …; empty for a count. */
  readonly unit: string;
  /** Paper section or citation. */
  readonly source: string;
  /**
   * Leaves the model as it is, and no tensor behind.
   *
   * @throws WeightmapError if the model can't be measured so, instead of giving NaN.
   */
  measure(subject: MetricSubject): Value;
}
