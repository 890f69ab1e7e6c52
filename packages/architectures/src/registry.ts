import type * as tf from '@tensorflow/tfjs';
import { WeightmapError, type Architecture, type ImageSpec } from '@weightmap/core';
import { buildCnn } from './cnn.js';
import { buildDensenet } from './densenet.js';
import { buildResnet } from './resnet.js';
import {
  architectureLabels,
  variants,
  type ArchitectureId,
  type ArchitectureOptions,
  type BenchmarkVariant,
  type Variant,
  type VariantId,
} from './variants.js';

type Registry = { readonly [Id in ArchitectureId]: Architecture<ArchitectureOptions[Id]> };

/** Every architecture by its id. */
export const architectures = {
  cnn: { label: architectureLabels.cnn, source: 'paper, table 1', build: buildCnn },
  resnet: { label: architectureLabels.resnet, source: 'paper, table 2', build: buildResnet },
  densenet: { label: architectureLabels.densenet, source: 'paper, table 3', build: buildDensenet },
} as const satisfies Registry;

/** Whether the benchmark has a variant of that id. */
export const isVariantId = (id: string): id is VariantId => variants.some((variant) => variant.id === id);

/**
 * The variant of that id: its names, its architecture and the options it is built with.
 *
 * @throws WeightmapError with the known ids if there is none.
 */
export function findVariant(id: string): BenchmarkVariant {
  const found = variants.find((variant) => variant.id === id);
  if (found) return found;
  throw new WeightmapError(`There is no variant "${id}".`, {
    expected: `one of ${variants.map((known) => known.id).join(', ')}`,
  });
}

/**
 * Builds a network of the benchmark for images of this shape, freshly initialised. The caller disposes it.
 *
 * @param id such as `cnn-33`; `isVariantId` checks a string that comes from elsewhere.
 * @param spec need not be a dataset of the paper: any shape and number of classes that fits.
 * @returns a model from [batch, height, width, channels] to unnormalised logits [batch, classes], named after the variant.
 * @throws WeightmapError if there is no such variant or the images are too small for it.
 */
export const buildVariant = (
  id: VariantId,
  { spec, seed }: { spec: ImageSpec; seed: number },
): tf.LayersModel => build(findVariant(id), { spec, seed });

function build<Id extends ArchitectureId>(
  { id, architecture, options }: Variant<Id>,
  { spec, seed }: { spec: ImageSpec; seed: number },
): tf.LayersModel {
  const registry: Registry = architectures;
  return registry[architecture].build({ spec, options, seed, name: id });
}
