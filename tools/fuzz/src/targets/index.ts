import type { Target } from '../target.js';
import { commandLineTargets } from './command-line.js';
import { datasetTargets } from './datasets.js';
import { graphModelTargets } from './graph-models.js';
import { recordTargets } from './records.js';
import { reportTargets } from './report.js';
import { runFolderTargets } from './run-folder.js';
import { weightTargets } from './weights.js';

/** Every parser of this repository. */
export const targets: readonly Target[] = [
  ...datasetTargets,
  ...weightTargets,
  ...graphModelTargets,
  ...recordTargets,
  ...reportTargets,
  ...runFolderTargets,
  ...commandLineTargets,
];
