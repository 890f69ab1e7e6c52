import type { Attack, MinimalAttack } from '@weightmap/core';
import { fgsm } from './fgsm.js';
import { uniformNoise } from './uniform-noise.js';

/** Makes an attack; parameters are given here, strengths when it runs. Without arguments it uses its defaults. */
export type AttackFactory = () => Attack | MinimalAttack;

/** Every attack by its id. What stands here is tested by the contract test. */
export const attacks = {
  'uniform-noise': uniformNoise,
  fgsm,
} as const satisfies Record<string, AttackFactory>;

export type AttackId = keyof typeof attacks;
