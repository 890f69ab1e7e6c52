import type { MaskingReport } from '@weightmap/attacks';
import { cellId, type AttackedSummary, type CellConfig } from '@weightmap/records';
import { defendedSummary } from './defended-summary.js';
import type { AttackedLooks } from './pictures.js';
import { accuracyOf, type AttackedPoint } from './part-results.js';
import type { PlannedAttack } from './plan.js';
import type { CleanScores } from './rejection.js';

/** A masking report as the files of a run hold it: whether its verdict is `believable` has a key of its own there. */
export type StoredMasking = MaskingReport & { readonly believable: boolean };

/** The results of all attacks on one network. */
export interface AttackedCell {
  /** For each image: `1` if it is misclassified without an attack. */
  readonly clean: string;
  /** Of the network. */
  readonly classes: number;
  /** The finished ones. */
  readonly attacks: readonly {
    readonly attack: PlannedAttack;
    readonly points: readonly AttackedPoint[];
  }[];
  /** Norms without a worst case, because a part of one of their attacks failed. */
  readonly withoutWorst?: readonly string[];
  readonly masking: readonly StoredMasking[] | null;
  /** The attack of somebody who doesn't know the defence; only in a run with defences. */
  readonly static?: {
    readonly id: string;
    readonly label: string;
    readonly points: readonly AttackedPoint[];
  };
  /** Of a network that may abstain. */
  readonly rejection?: CleanScores | null;
  /** Ids of the attacks that its defence must withstand; absent for a plain network. */
  readonly withstands?: readonly string[];
  /** Gradients that its training took. */
  readonly cost?: number;
  /** Null if none were requested, or if there is no attack on L∞. */
  readonly pictures: AttackedLooks | null;
  /** Names of parts that failed. */
  readonly failed?: readonly string[];
}

/** Accuracies of a cell under each attack, and in the worst case over the attacks of each norm and strength. */
export function summariseAttacks(cell: CellConfig, measured: AttackedCell): AttackedSummary {
  const { clean, attacks, withoutWorst = [], masking, pictures, failed = [] } = measured;
  const norms = [...new Set(attacks.flatMap(({ attack }) => attack.norm ?? []))].filter(
    (norm) => !withoutWorst.includes(norm),
  );
  return {
    cellId: cellId(cell),
    variant: cell.variant,
    dataset: cell.dataset.id,
    trial: cell.trial,
    images: clean.length,
    cleanAccuracyPercent: accuracyOf(clean),
    attacks: attacks.map(({ attack: { id, label, norm, strength: measure }, points }) => ({
      id,
      label,
      norm,
      measure,
      points: points.map(({ strength, fooled, meanLinf, meanL2 }) => ({
        strength,
        meanLinf,
        meanL2,
        accuracyPercent: accuracyOf(fooled),
        ...fewer(fooled, clean),
      })),
    })),
    worst: norms.flatMap((norm) => {
      const points = attacks.filter(({ attack }) => attack.norm === norm).flatMap((one) => one.points);
      const strengths = [...new Set(points.map(({ strength }) => strength))].sort((a, b) => a - b);
      return strengths.map((strength) => {
        const flags = points.filter((point) => point.strength === strength).map(({ fooled }) => fooled);
        const worst = worstOf([clean, ...flags]);
        return { norm, strength, accuracyPercent: accuracyOf(worst), ...fewer(worst, clean) };
      });
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
    ...defendedSummary(measured),
    ...(failed.length > 0 && { failed: [...failed] }),
    ...(pictures && { pictures: { attack: pictures.attack, looks: [...pictures.looks] } }),
  };
}

/** `1` for each image that is misclassified in one of them, over the first images, which all of them have. */
const worstOf = (all: readonly string[]): string =>
  Array.from({ length: Math.min(...all.map(({ length }) => length)) }, (_, i) =>
    all.some((flags) => flags[i] === '1') ? '1' : '0',
  ).join('');

/** The number of images, where there are fewer than the network has. */
const fewer = (flags: string, clean: string): { readonly images?: number } =>
  flags.length < clean.length ? { images: flags.length } : {};
