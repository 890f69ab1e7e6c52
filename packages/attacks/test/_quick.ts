import type { Attack } from '@weightmap/core';
import {
  apgdCe,
  apgdDlr,
  apgdT,
  autoAttack,
  boundary,
  carliniWagner,
  ead,
  fab,
  fabL2,
  hopSkipJump,
  pgdL1,
  pgdL2,
  pgd,
  spsa,
  square,
  substitute,
  type AttackId,
} from '../src/index.js';

/** The attacks of many steps with fewer of them, for the contract test; the others are tested as they are. */
export const quick: Partial<Record<AttackId, () => Attack>> = {
  pgd: () => pgd({ steps: 12, relativeStep: 0.2, restarts: 2 }),
  'pgd-l2': () => pgdL2({ steps: 12, relativeStep: 0.2, restarts: 2 }),
  'pgd-l1': () => pgdL1({ steps: 12, relativeStep: 0.2, restarts: 2 }),
  'apgd-ce': () => apgdCe({ steps: 12, restarts: 2 }),
  'apgd-dlr': () => apgdDlr({ steps: 12 }),
  'apgd-t': () => apgdT({ steps: 12 }),
  'carlini-wagner': () => carliniWagner({ steps: 30, searches: 3, firstConstant: 1 }),
  fab: () => fab({ steps: 8 }),
  'fab-l2': () => fabL2({ steps: 8 }),
  spsa: () => spsa({ steps: 8, samples: 8, learningRate: 0.05 }),
  'hop-skip-jump': () => hopSkipJump({ steps: 2, evaluations: 10, tries: 20 }),
  boundary: () => boundary({ steps: 150, sphericalStep: 0.2, sourceStep: 0.1, tries: 20 }),
  ead: () => ead({ steps: 20, searches: 3, firstConstant: 1 }),
  'auto-attack': () =>
    autoAttack({
      attacks: [
        apgdCe({ steps: 12 }),
        apgdT({ steps: 8, aims: 2 }),
        fab({ steps: 6, aims: 2 }),
        square({ queries: 20 }),
      ],
    }),
  substitute: () => substitute({ hidden: [64], rounds: 3, epochs: 4 }),
  square: () => square({ queries: 60 }),
};
