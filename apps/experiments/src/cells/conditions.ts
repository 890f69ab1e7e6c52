import { fgsm, uniformNoise } from '@weightmap/attacks';
import type { Perturbation } from '@weightmap/metrics';
import type { EvaluationConfig, GradCamRecord } from '@weightmap/records';

/** Strengths that pictures are made and features measured at: where the curves of the paper's models begin to part. */
export const PICTURED = { beta: 0.6, epsilon: 0.1 };

/** What is done to images before a model is looked into. */
export interface Condition {
  readonly condition: GradCamRecord['condition'];
  /** β or ε, 0 for clean. */
  readonly strength: number;
  /** Absent for clean. */
  readonly perturbation?: Perturbation;
}

/** The images as they are, with uniform noise, and attacked by FGSM. */
export function conditions({ noiseRescale }: Pick<EvaluationConfig, 'noiseRescale'>): Condition[] {
  const perturbed = (condition: 'noisy' | 'attacked', { attack, strength }: Perturbation) => ({
    condition,
    strength,
    perturbation: { attack, strength },
  });
  return [
    { condition: 'clean', strength: 0 },
    perturbed('noisy', { attack: uniformNoise({ rescale: noiseRescale }), strength: PICTURED.beta }),
    perturbed('attacked', { attack: fgsm(), strength: PICTURED.epsilon }),
  ];
}
