export type { Architecture, BuildOptions } from './architecture.js';
export type { FeatureKind } from './_blocks.js';
export { buildCnn, type CnnOptions } from './cnn.js';
export { architectures, buildVariant, findVariant } from './registry.js';
export { variants, type ArchitectureId, type ArchitectureOptions, type Variant } from './variants.js';
