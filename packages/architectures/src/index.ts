export type { Architecture, BuildOptions, LayerKind as FeatureKind } from '@weightmap/core';
export { buildCnn, type CnnOptions } from './cnn.js';
export { buildDensenet, type DensenetOptions } from './densenet.js';
export { architectures, buildVariant, findVariant, isVariantId } from './registry.js';
export { buildResnet, type ResnetOptions, type ResnetStage } from './resnet.js';
export {
  architectureLabels,
  benchmarkRows,
  variants,
  type ArchitectureId,
  type ArchitectureOptions,
  type BenchmarkRow,
  type BenchmarkVariant,
  type Variant,
  type VariantId,
} from './variants.js';
