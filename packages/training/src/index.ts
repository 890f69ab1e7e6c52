export { adam } from './_adam-state.js';
export { packBatch, type PackedBatch } from './_packed-batch.js';
export { trainingStep } from './step.js';
export { padCrop } from './augment.js';
export { evaluate, type Evaluation } from './evaluate.js';
export { crossEntropy } from './loss.js';
export { loadModel, readModelFiles, saveModel, type ModelJson } from './model-files.js';
export type { EpochRecord, TrainingConfig } from './training-config.js';
export {
  train,
  type EpochReport,
  type TrainingData,
  type TrainingOptions,
  type TrainingResult,
} from './train.js';
export { loadSafetensors, saveSafetensors, weightNames } from './weights-file.js';
