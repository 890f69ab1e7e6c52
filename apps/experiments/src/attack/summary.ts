import type { MaskingReport } from '@weightmap/attacks';
import { cellId, type AttackedSummary, type CellConfig } from '@weightmap/records';
import type { AttackedLooks } from './pictures.js';
import type { AttackedPoint } from './attacked-point.js';
import type { PlannedAttack } from './plan.js';

/** What attacks on a network came to. */
export interface AttackedCell {
  /** Of each image: `1` if it is misclassified as it is. */
  readonly clean: string;
  /** Those that are finished. */
  readonly attacks: readonly {
    readonly attack: PlannedAttack;
    readonly points: readonly AttackedPoint[];
  }[];
  /** Norms of which an attack is missing, because a part of it failed: they have no worst case. */
  readonly withoutWorst?: readonly string[];
  readonly masking: readonly MaskingReport[] | null;
  /** Null if not asked for, or without an attack on L∞. */
  readonly pictures: AttackedLooks | null;
  /** Names of parts that failed. */
  readonly failed?: readonly string[];
}

/** A cell's attacks in percent, and the worst case of each image over the attacks of each norm and strength. */
export function summariseAttacks(
  cell: CellConfig,
  { clean, attacks, withoutWorst = [], masking, pictures, failed = [] }: AttackedCell,
): AttackedSummary {
  const norms = [...new Set(attacks.flatMap(({ attack }) => attack.norm ?? []))].filter(
    (norm) => !withoutWorst.includes(norm),
  );
  return {
    ...{ cellId: cellId(cell), variant: cell.variant, dataset: cell.dataset.id, trial: cell.trial },
    images: clean.length,
    cleanAccuracyPercent: accuracyOf(clean),
    attacks: attacks.map(({ attack: { id, label, norm, strength: measure }, points }) => ({
      ...{ id, label, norm, measure },
      points: points.map(({ strength, fooled, meanLinf, meanL2 }) => ({
        ...{ strength, meanLinf, meanL2 },
        accuracyPercent: accuracyOf(fooled),
      })),
    })),
    worst: norms.flatMap((norm) => {
      const points = attacks.filter(({ attack }) => attack.norm === norm).flatMap((one) => one.points);
      const strengths = [...new Set(points.map(({ strength }) => strength))].sort((a, b) => a - b);
      return strengths.map((strength) => ({
        ...{ norm, strength },
        accuracyPercent: accuracyOf(
          worstOf([
            clean,
            ...points.filter((point) => point.strength === strength).map(({ fooled }) => fooled),
          ]),
        ),
      }));
    }),
    masking:
      masking &&
      masking.map(({ checks, ...report }) => ({
        ...report,
        checks: checks.map(({ samples, ...check }) => ({
          ...check,
          ...(samples && { samples: [...samples] }),
        })),
      })),
    ...(failed.length > 0 && { failed: [...failed] }),
    ...(pictures && { pictures: { attack: pictures.attack, looks: [...pictures.looks] } }),
  };
}

/** `0` and `1` for each image: 100 % if none is 1. */
const accuracyOf = (fooled: string): number =>
  (100 * [...fooled].filter((flag) => flag === '0').length) / fooled.length;

/** `1` where one of them has it. */
const worstOf = (all: readonly string[]): string =>
  [...all[0]].map((_, i) => (all.some((flags) => flags[i] === '1') ? '1' : '0')).join('');
