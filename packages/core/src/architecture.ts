import type * as tf from '@tensorflow/tfjs';
import type { ImageSpec } from './dataset.js';

/** What a network is built from. */
export interface BuildOptions<Options> {
  /** Shape and classes of the images. */
  spec: ImageSpec;
  /** What the architecture lets one choose. */
  options: Options;
  /** Where the initial weights come from: each layer's stream is named after the layer. */
  seed: number;
  /** Name of the model. Default: the architecture's id. */
  name?: string;
}

/** A family of networks; a row of the registry. */
export interface Architecture<Options> {
  /** What a report calls it. */
  readonly label: string;
  /** Paper section or table. */
  readonly source: string;
  /**
   * A model from [batch, height, width, channels] to unnormalised logits [batch, classes]; the
   * caller disposes it.
   *
   * @throws WeightmapError if the images don't fit the network or an option is invalid.
   */
  build(request: BuildOptions<Options>): tf.LayersModel;
}
