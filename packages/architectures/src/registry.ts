import type * as tf from '@tensorflow/tfjs';
import { WeightmapError, type ImageSpec } from '@weightmap/core';
import type { Architecture } from './architecture.js';
import { buildCnn } from './cnn.js';
import { buildDensenet } from './densenet.js';
import { buildResnet } from './resnet.js';
import { variants, type ArchitectureId, type ArchitectureOptions, type Variant } from './variants.js';

type Registry = { readonly [Id in ArchitectureId]: Architecture<ArchitectureOptions[Id]> };

/** Every architecture by its id. */
export const architectures = {
  cnn: { label: 'CNN', source: 'paper, table 1', build: buildCnn },
  resnet: { label: 'ResNet', source: 'paper, table 2', build: buildResnet },
  densenet: { label: 'DenseNet', source: 'paper, table 3', build: buildDensenet },
} as const satisfies Registry;

/**
 * The variant of that id.
 *
 * @throws WeightmapError with the known ids if there is none.
 */
export function findVariant(id: string): Variant {
  const variant = variants.find((candidate) => candidate.id === id);
  if (variant) return variant;
  throw new WeightmapError(`There is no variant “${id}”.`, {
    expected: `one of ${variants.map((known) => known.id).join(', ')}`,
  });
}

/**
 * The network of a variant for images of this shape, freshly initialised; the caller disposes it.
 *
 * @param spec need not be a dataset of the paper: any shape and number of classes that fits.
 * @returns a model from [batch, height, width, channels] to unnormalised logits [batch, classes],
 *   named after the variant.
 * @throws WeightmapError if there is no such variant or the images are too small for it.
 */
export function buildVariant(id: string, { spec, seed }: { spec: ImageSpec; seed: number }): tf.LayersModel {
  return build(findVariant(id), { spec, seed });
}

function build<Id extends ArchitectureId>(
  { id, architecture, options }: Variant<Id>,
  { spec, seed }: { spec: ImageSpec; seed: number },
): tf.LayersModel {
  const registry: Registry = architectures;
  return registry[architecture].build({ spec, options, seed, name: id });
}
