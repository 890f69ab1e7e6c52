import type { AttackInfo } from '@weightmap/core';

/** The passes through a network that one image needs. */
export interface Passes {
  readonly forwards: number;
  readonly backwards: number;
}

/**
 * Upper bounds for one image of ten classes at one strength: the passes of each attack with its defaults, as the harness counts
 * them on a network that is never fooled. Images that are fooled early need fewer.
 */
const counted: Readonly<Record<string, readonly [forwards: number, backwards: number]>> = {
  fgsm: [1, 1],
  'fgsm-l2': [1, 1],
  'r-fgsm': [1, 1],
  bim: [11, 10],
  'mi-fgsm': [11, 10],
  pgd: [41, 40],
  'pgd-l2': [51, 50],
  'pgd-l1': [51, 50],
  'apgd-ce': [101, 101],
  'apgd-ce-l2': [101, 101],
  'apgd-ce-l1': [101, 101],
  'apgd-dlr': [101, 101],
  'apgd-dlr-l2': [101, 101],
  'apgd-dlr-l1': [101, 101],
  'apgd-margin': [101, 101],
  'apgd-t': [910, 909],
  'apgd-t-l2': [910, 909],
  'apgd-t-l1': [910, 909],
  'selective-pgd': [201, 200],
  'orthogonal-pgd': [201, 200],
  deepfool: [501, 500],
  ddn: [100, 100],
  'carlini-wagner': [12009, 12009],
  ead: [22018, 11009],
  jsma: [22, 21],
  fab: [1101, 1000],
  'fab-l2': [1101, 1000],
  square: [5000, 0],
  spsa: [12900, 0],
  substitute: [32, 0],
  'hop-skip-jump': [35238, 0],
  boundary: [27601, 0],
  'auto-attack': [7818, 1910],
};

/** For an attack that isn't in the table, such as a plugin's. */
const UNKNOWN = [100, 100] as const;

/** The passes of an attack for one image. A minimal attack searches once for all strengths; others run once for each. */
export function passesOf({ id, kind }: Pick<AttackInfo, 'id' | 'kind'>, strengths: number): Passes {
  // A plan from elsewhere may name an attack `constructor`.
  const known = Object.hasOwn(counted, id) ? counted[id] : undefined;
  const [forwards, backwards] = known ?? (kind === 'noise' ? [0, 0] : UNKNOWN);
  const times = kind === 'minimal' ? 1 : strengths;
  // Each strength's result is classified once.
  return { forwards: times * forwards + strengths, backwards: times * backwards };
}

/** All checks for masking at one strength, for one image: PGD with several losses and radii, Square, APGD. */
export const MASKING_PASSES: Passes = { forwards: 3200, backwards: 900 };

/** A measure of time: a backward pass costs about as much as two forward passes. */
export const weightOf = ({ forwards, backwards }: Passes): number => forwards + 2 * backwards;
