export { adam } from './_adam-state.js';
export { padCrop } from './augment.js';
export { evaluate, type Evaluation } from './evaluate.js';
export { loadModel, readModelFiles, saveModel, type ModelJson } from './model-files.js';
export { crossEntropy, packBatch, trainingStep, type PackedBatch } from './step.js';
export { train } from './train.js';
export type { EpochRecord, TrainingConfig } from './training-config.js';
export type { EpochReport, TrainingData, TrainingOptions, TrainingResult } from './training-options.js';
export { loadSafetensors, saveSafetensors, weightNames } from './weights-file.js';
