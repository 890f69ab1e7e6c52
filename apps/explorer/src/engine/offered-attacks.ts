import { attacks, type AttackId } from '@weightmap/attacks';
import type { Attack, AttackInfo } from '@weightmap/core';

/** What is quick enough for a slider: noise, and attacks of at most some tens of gradients. */
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

/** By id, in the order of the page's list. */
export const offeredAttacks: ReadonlyMap<string, Attack> = new Map(offered.map((id) => [id, attacks[id]()]));

/** What is known of them, as it can be sent to the page: without functions. */
export const offeredInfos: readonly AttackInfo[] = [...offeredAttacks.values()].map(
  ({ id, label, kind, strengthUnit, norm, targeted, usesGradient, source }) => ({
    ...{ id, label, kind, strengthUnit, norm, targeted, usesGradient, source },
  }),
);
