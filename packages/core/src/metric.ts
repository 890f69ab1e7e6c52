import type * as tf from '@tensorflow/tfjs';
import type { Classifier } from './classifier.js';
import type { ImageSet } from './dataset.js';

/** The trained network that a metric measures, and the images to measure it on. */
export interface MetricSubject {
  /** The trained network, for metrics of its weights, its layers or their outputs. */
  readonly model: tf.LayersModel;
  /** The same network as a function from images to logits; compiled where the engine can. */
  readonly classifier: Classifier;
  /** The test images. Pass the classifier to `batchesOf`, so that the pixels lie within its bounds. */
  readonly test: ImageSet;
  /** Images in a forward pass. */
  readonly batchSize: number;
  /** Seed for everything random that the metric draws. */
  readonly seed: number;
}

/** Measures one number, or one object of numbers, of a trained network. The command measures every metric on every network. */
export interface Metric<Value = unknown> {
  /** Registry name, in kebab-case. */
  readonly id: string;
  /** Its name in a report. */
  readonly label: string;
  /** Unit of the result, such as `%`; empty for a count. */
  readonly unit: string;
  /** Paper section or citation. */
  readonly source: string;
  /**
   * Measures a network. Must not change it, and must dispose all tensors that it makes.
   *
   * @throws WeightmapError if the network can't be measured, instead of returning NaN.
   */
  measure(subject: MetricSubject): Value | Promise<Value>;
}
