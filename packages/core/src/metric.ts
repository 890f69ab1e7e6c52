import type * as tf from '@tensorflow/tfjs';
import type { Classifier } from './classifier.js';
import type { ImageSet } from './dataset.js';

/** What a metric measures. */
export interface MetricSubject {
  readonly model: tf.LayersModel;
  readonly classifier: Classifier;
  readonly test: ImageSet;
  /** Images a forward pass. */
  readonly batchSize: number;
}

/** One figure, or one object of figures, of a trained model; a row of the registry in `@weightmap/metrics`. */
export interface Metric<Value = unknown> {
  readonly id: string;
  readonly label: string;
  /** `%`, `FLOPs an image`, …; empty for a count. */
  readonly unit: string;
  /** Paper section or citation. */
  readonly source: string;
  measure(subject: MetricSubject): Value;
}
