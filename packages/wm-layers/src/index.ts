export { FAN_IN_RULES, type FanInRule } from './_fan-in.js';
export type { LayerArgs } from './_layer-shapes.js';
export type { ActivationName, WeightMapLayerArgs } from './_weight-map-layer.js';
export type { OperationOptions } from './_weight-map-op.js';
export { InputScale, inputScale } from './input-scale.js';
export { smoothing, SmoothingWeightMap, smoothingWeightMap } from './smoothing.js';
export { unsharp, UnsharpWeightMap, unsharpWeightMap } from './unsharp.js';
export { weightMapOutputSize, type Padding, type WindowOptions } from './window.js';
