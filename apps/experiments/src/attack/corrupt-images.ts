import { attacks, type AttackId } from '@weightmap/attacks';
import type { Classifier, ImageSet, OnProgress } from '@weightmap/core';
import { robustnessCurve } from '@weightmap/metrics';
import { BATCH } from './network.js';

/**
 * The errors of a network under a corruption, in percent, by severity.
 *
 * @throws whatever the signal's reason is when it is aborted.
 */
export async function corruptImages(
  classifier: Classifier,
  set: ImageSet,
  id: string,
  severities: readonly number[],
  { seed, signal, onProgress }: { seed: number; signal: AbortSignal; onProgress?: OnProgress },
): Promise<number[]> {
  signal.throwIfAborted();
  const points = await robustnessCurve(classifier, set, attacks[id as AttackId](), severities, {
    ...{ seed, batchSize: BATCH },
    onProgress(progress) {
      signal.throwIfAborted();
      onProgress?.(progress);
    },
  });
  return points.map(({ errorPercent }) => errorPercent);
}
