import { describe, expect, it } from 'vitest';
import {
  activationVarianceSchema,
  evaluationConfigSchema,
  gradCamSharpnessSchema,
  type ActivationVarianceRecord,
  type EvaluationConfig,
  type GradCamSharpnessRecord,
} from '../src/index.js';

const variance: ActivationVarianceRecord = {
  ...{ layer: 'smoothing1', kind: 'smoothing', n: 1000, beta: 0.6 },
  clean: { input: 0.1, output: 0.02, gain: 0.2, amplification: { measured: 0.04, predicted: 0.04 } },
  noisy: { input: 0, output: 0, gain: null, amplification: null },
  noiseToSignal: { input: 0.5, output: null, transfer: null },
};

const sharpness: GradCamSharpnessRecord = {
  ...{ layer: 'smoothing3', condition: 'noisy', strength: 0.6, n: 10, empty: 9 },
  frame: { top: 3, left: 3, height: 22, width: 22 },
  hoyer: { mean: 0.5, sd: null, n: 1 },
  entropy: { mean: 0.9, sd: 0.1, n: 2 },
  background: null,
};

const evaluation: EvaluationConfig = {
  ...{ betas: [0], noiseRescale: 'min-max', epsilons: [0], robustnessImages: null },
  ...{ varianceImages: 1000, sharpnessImages: 1000 },
};

/** The paths that a schema complains of. */
const complaints = (schema: typeof gradCamSharpnessSchema | typeof activationVarianceSchema, value: object) =>
  schema.safeParse(value).error?.issues.map(({ path }) => path.join('.')) ?? [];

describe('activation variances of a record', () => {
  it('take what may be, null included', () => {
    expect(activationVarianceSchema.parse(variance)).toEqual(variance);
  });

  it.each([
    ['clean.input', { ...variance, clean: { ...variance.clean, input: NaN } }],
    ['clean.output', { ...variance, clean: { ...variance.clean, output: -0.1 } }],
    ['clean.gain', { ...variance, clean: { ...variance.clean, gain: Infinity } }],
    [
      'clean.amplification.measured',
      { ...variance, clean: { ...variance.clean, amplification: { measured: NaN, predicted: 1 } } },
    ],
    ['kind', { ...variance, kind: 'dense' }],
    ['n', { ...variance, n: 0 }],
    ['noisy', { ...variance, noisy: undefined }],
    ['', { ...variance, more: 1 }],
  ])('refuse a wrong %s', (path, value) => {
    expect(complaints(activationVarianceSchema, value)).toEqual([path]);
  });
});

describe('Grad-CAM’s sharpness of a record', () => {
  it('takes what may be, null included', () => {
    expect(gradCamSharpnessSchema.parse(sharpness)).toEqual(sharpness);
  });

  it.each([
    ['hoyer.mean', { ...sharpness, hoyer: { mean: NaN, sd: null, n: 1 } }],
    ['entropy.sd', { ...sharpness, entropy: { mean: 1, sd: -1, n: 2 } }],
    ['entropy.n', { ...sharpness, entropy: { mean: 1, sd: null, n: 0 } }],
    ['background', { ...sharpness, background: undefined }],
    ['condition', { ...sharpness, condition: 'blurred' }],
    ['empty', { ...sharpness, empty: 0.5 }],
  ])('refuses a wrong %s', (path, value) => {
    expect(complaints(gradCamSharpnessSchema, value)).toEqual([path]);
  });
});

describe('an evaluation', () => {
  it('names how many images its figures are taken over', () => {
    expect(evaluationConfigSchema.parse(evaluation)).toEqual(evaluation);
    for (const wrong of [{ varianceImages: 0 }, { varianceImages: undefined }, { sharpnessImages: 1.5 }])
      expect(evaluationConfigSchema.safeParse({ ...evaluation, ...wrong }).success).toBe(false);
  });
});
