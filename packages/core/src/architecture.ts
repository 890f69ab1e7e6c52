import type * as tf from '@tensorflow/tfjs';
import type { ImageSpec } from './dataset.js';

/** Every kind of feature layer. */
export const layerKinds = ['conv', 'smoothing', 'unsharp'] as const;

/** What a feature layer is: a convolution, or one of the two weight map layers. */
export type LayerKind = (typeof layerKinds)[number];

/** How tables and figures name and draw a variant. */
export interface VariantNames {
  /** In tables and sentences: `CNN, smoothing 32`. */
  readonly label: string;
  /** Where the architecture is named beside it, as in a panel's title: `smoothing 32`. */
  readonly shortLabel: string;
  /** What its feature layers are. Two kinds alternate through the network; figures use the colour of the last one, dashed. */
  readonly kinds: readonly LayerKind[];
}

/** The images, options and seed that a network is built for. */
export interface BuildOptions<Options> {
  /** Shape and classes of the images. */
  spec: ImageSpec;
  /** The options of the architecture. */
  options: Options;
  /** Seed of the initial weights: each layer has its own stream, named after the layer. */
  seed: number;
  /** Name of the model. Default: the architecture's id. */
  name?: string;
}

/** An architecture: builds networks from options. A row of the registry. */
export interface Architecture<Options> {
  /** Its name in a report. */
  readonly label: string;
  /** Paper section or table. */
  readonly source: string;
  /**
   * Builds a model from [batch, height, width, channels] to unnormalised logits [batch, classes]. The caller disposes it.
   *
   * @throws WeightmapError if the images don't fit the network or an option is invalid.
   */
  build(request: BuildOptions<Options>): tf.LayersModel;
}
