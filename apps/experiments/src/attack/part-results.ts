import { openEvaluationCache, type EvaluationCache } from '@weightmap/records';
import type { AttackedBatches } from './network.js';
import type { AttackPart } from './parts.js';

/** The store of a part's results. */
export const cacheOf = ({ folder, target }: AttackPart): EvaluationCache =>
  openEvaluationCache(folder, target.weights);

/** The results of a part, one for each of its keys; null if one is missing. */
export const resultsOf = <Value>(part: AttackPart): Promise<Value[] | null> =>
  cacheOf(part).known<Value>('result', part.circumstances, part.keys);

/** One attack at one strength, on all images. */
export interface AttackedPoint {
  readonly strength: number;
  /** For each image: `1` if it is misclassified under the attack, else `0`. */
  readonly fooled: string;
  /** For each image, as `scorer` gives them; only of a network that may abstain. */
  readonly wrong?: readonly (number | null)[];
  /** Mean distances over the images that the attack changed; null if it changed none. */
  readonly meanLinf: number | null;
  readonly meanL2: number | null;
}

/** The attacks of some finished parts, with their slices of the images joined. */
export async function attackedPoints(
  parts: readonly AttackPart[],
): Promise<{ id: string; points: AttackedPoint[] }[]> {
  const slices = new Map<string, AttackedBatches[][]>();
  for (const part of parts) {
    const { task } = part;
    if (task.kind !== 'attack' && task.kind !== 'static') continue;
    const id = task.kind === 'attack' ? task.attack.id : task.id;
    const found = (await resultsOf<AttackedBatches>(part))!;
    slices.set(id, [...(slices.get(id) ?? []), found]);
  }
  return [...slices].map(([id, all]) => ({
    id,
    points: all[0].map((_, i) => joinSlices(all.map((slice) => slice[i]))),
  }));
}

/** Joins slices in their order. Sums batch by batch, so that it makes no difference where the images were cut. */
export function joinSlices(slices: readonly AttackedBatches[]): AttackedPoint {
  const batches = slices.flatMap((slice) => slice.batches);
  const sum = (pick: (batch: (typeof batches)[number]) => number) =>
    batches.reduce((total, batch) => total + pick(batch), 0);
  const changed = sum((batch) => batch.changed);
  return {
    strength: slices[0].strength,
    fooled: slices.map(({ fooled }) => fooled).join(''),
    ...(slices[0].wrong && { wrong: slices.flatMap(({ wrong = [] }) => wrong) }),
    meanLinf: changed ? sum(({ linf }) => linf) / changed : null,
    meanL2: changed ? sum(({ l2 }) => l2) / changed : null,
  };
}

/** Percent of the images that are not misclassified. */
export const accuracyOf = (fooled: string): number =>
  (100 * [...fooled].filter((flag) => flag === '0').length) / fooled.length;
