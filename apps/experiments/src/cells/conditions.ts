import { fgsm, uniformNoise } from '@weightmap/attacks';
import type { Perturbation } from '@weightmap/metrics';
import type { EvaluationConfig, GradCamRecord } from '@weightmap/records';

/** Strengths of the noisy and the attacked condition: where the curves of the paper's networks begin to differ. */
export const PICTURED = { beta: 0.6, epsilon: 0.1 };

/** The input under which a network's features are examined: clean, noisy or attacked images. */
export interface Condition {
  readonly condition: GradCamRecord['condition'];
  /** β or ε, 0 for clean. */
  readonly strength: number;
  /** Absent for clean. */
  readonly perturbation?: Perturbation;
}

/** The three conditions: clean, with uniform noise, and attacked by FGSM. */
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
