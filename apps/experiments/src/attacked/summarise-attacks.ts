import type { AttackInfo, CellConfig } from '@weightmap/core';
import type { AttackedCell } from '../cells/attack-cell.js';
import { cellId } from '../records/index.js';
import type { AttackedSummary } from './attacked-run.js';

/** A cell's attacks in percent, and the worst case of each image over the attacks on L∞. */
export function summariseAttacks(
  cell: CellConfig,
  { clean, attacks, masking, pictures }: AttackedCell,
  infos: ReadonlyMap<string, AttackInfo>,
): AttackedSummary {
  const bounded = attacks.filter(({ id }) => infos.get(id)!.norm === 'linf');
  const strengths = bounded[0]?.points.map(({ strength }) => strength) ?? [];
  return {
    ...{ cellId: cellId(cell), variant: cell.variant, dataset: cell.dataset.id, trial: cell.trial },
    cleanAccuracyPercent: accuracyOf(clean),
    attacks: attacks.map(({ id, points }) => ({
      ...{ id, label: infos.get(id)!.label, norm: infos.get(id)!.norm },
      points: points.map(({ strength, fooled, meanLinf, meanL2 }) => ({
        ...{ strength, meanLinf, meanL2 },
        accuracyPercent: accuracyOf(fooled),
      })),
    })),
    worst: strengths.map((strength, i) => ({
      strength,
      accuracyPercent: accuracyOf(worstOf([clean, ...bounded.map(({ points }) => points[i].fooled)])),
    })),
    masking: masking && {
      ...masking,
      checks: masking.checks.map(({ samples, ...check }) => ({
        ...check,
        ...(samples && { samples: [...samples] }),
      })),
    },
    ...(pictures && { pictures: { ...pictures, looks: [...pictures.looks] } }),
  };
}

/** `0` and `1` for each image: 100 % if none is 1. */
const accuracyOf = (fooled: string): number =>
  (100 * [...fooled].filter((flag) => flag === '0').length) / fooled.length;

/** `1` where one of them has it. */
const worstOf = (all: readonly string[]): string =>
  [...all[0]].map((_, i) => (all.some((flags) => flags[i] === '1') ? '1' : '0')).join('');
