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
