import { placeName, type CorruptedNetworks } from '@weightmap/records';
import { NONE } from '../format.js';
import { meanOf } from './statistics.js';

/** Corruptions whose name is not their id with spaces. */
const LABELS: Readonly<Record<string, string>> = {
  'gaussian-blur': 'Gaussian blur',
  'gaussian-noise': 'Gaussian noise',
  pixelate: 'pixelation',
};

/** A corruption as people call it. */
export const corruptionLabel = (id: string): string => LABELS[id] ?? id.replaceAll('-', ' ');

/** Mean errors over the severities, a corruption a column, then mCE and relative mCE; for terminal and report. */
export function corruptionRows({ cells }: CorruptedNetworks): { head: string[]; rows: string[][] } {
  const ids = [...new Set(cells.flatMap(({ corruptions }) => corruptions.map(({ id }) => id)))];
  return {
    head: ['error, %', 'clean', ...ids.map(corruptionLabel), 'mCE', 'relative mCE'],
    rows: cells.map(({ variant, dataset, trial, cleanErrorPercent, corruptions, mce, relativeMce }) => [
      placeName({ variant, dataset, trial }),
      cleanErrorPercent.toFixed(1),
      ...ids.map((id) => {
        const found = corruptions.find((corruption) => corruption.id === id);
        return found ? meanOf(found.errorPercent).toFixed(1) : NONE;
      }),
      mce.toFixed(1),
      relativeMce?.toFixed(1) ?? NONE,
    ]),
  };
}

/** Explains the figures of the table. */
export function corruptionNote({ baseline, images, cells }: CorruptedNetworks): string {
  const benchmarks = [...new Set(cells.map(({ benchmark }) => benchmark))].join(' and ');
  return (
    `Error under each corruption, mean over the five severities of ${benchmarks}, ${images} test images of each network. ` +
    `mCE: against ${baseline} of the same dataset and trial, which has 100; relative: by how much the error grows.`
  );
}
