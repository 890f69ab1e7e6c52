import { createAttack, type AttackId } from '@weightmap/attacks';
import type { Attack, AttackInfo } from '@weightmap/core';

/** Attacks that are fast enough for a slider: noise, and attacks of at most a few tens of gradients. */
const offered = [
  'fgsm',
  'fgsm-l2',
  'r-fgsm',
  'bim',
  'mi-fgsm',
  'pgd',
  'pgd-l2',
  'uniform-noise',
  'gaussian-noise',
  'salt-and-pepper',
  'impulse-noise',
  'gaussian-blur',
  'contrast',
] as const satisfies readonly AttackId[];

/** The attacks by id, in the order of the page's list. */
export const offeredAttacks: ReadonlyMap<string, Attack> = new Map(
  offered.map((id) => [id, createAttack(id)]),
);

/** Their descriptions without functions, so that they can be sent to the page. */
export const offeredInfos: readonly AttackInfo[] = [...offeredAttacks.values()].map(
  ({ id, label, kind, strengthUnit, norm, targeted, usesGradient, source }) => ({
    id,
    label,
    kind,
    strengthUnit,
    norm,
    targeted,
    usesGradient,
    source,
  }),
);
